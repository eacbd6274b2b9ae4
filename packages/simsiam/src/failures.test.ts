import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { l2Normalize, type Method, normal, type Recipe, resnet, rngFromSeed, type Tensor } from '@ssl/core';
import { arrayDataset, colorJitter, type Dataset, horizontalFlip, randomResizedCrop, views } from '@ssl/core/data';
import { pretrain } from '@ssl/core/train';
import { afterAll, describe, expect, test } from 'vitest';
import { type SimSiamOptions, simsiam } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'simsiam-'));
afterAll(() => rmSync(folder, { recursive: true }));
const side = 8;
const count = 128;

/** Waves of two colours: direction, length and colours differ from picture to picture. */
function waves(): Dataset {
  const seed = normal(rngFromSeed(4), [count, 9]).arraySync() as number[][];
  const data = Uint8Array.from({ length: count * side ** 2 * 3 }, (_, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % side, Math.floor(i / (3 * side)) % side];
    const [a, b, phase, ...colours] = seed[Math.floor(i / (3 * side ** 2))]! as [number, number, number];
    const wave = Math.sin(a * x + b * y + 3 * phase);
    return Math.max(0, Math.min(255, 128 + 50 * (colours[channel]! + wave * colours[channel + 3]!)));
  });
  return arrayDataset({ name: 'waves', data, width: side, height: side, channels: 3 });
}

const plan = views([
  {
    count: 2,
    size: side,
    ops: [randomResizedCrop({ scale: [0.5, 1] }), horizontalFlip(), colorJitter({ brightness: 0.3, p: 0.8 })],
  },
]);

function make(settings: Partial<SimSiamOptions>): Method {
  const shape = { block: 'basic', layers: [1, 1], channels: [6, 12] } as const;
  const backbone = resnet('tiny', shape, { stem: 'cifar', zeroInitLast: false, seed: 1 });
  return simsiam({ backbone, views: plan, hiddenDim: 32, projectionDim: 32, predictorHiddenDim: 8, ...settings });
}

/** Without stop-gradient: targets move towards predictions too. */
function withoutStopGradient(method: Method): Method {
  const { parts: _, ...rest } = method;
  const cosine = (p: Tensor, z: Tensor): Tensor => l2Normalize(p).mul(l2Normalize(z)).sum(1).mean();
  return {
    ...rest,
    step(batch, progress) {
      const encoded = method.parts!.encode(batch, progress);
      const { prediction1, prediction2, projection1, projection2 } = encoded;
      const both = cosine(prediction1!, projection2!).add(cosine(prediction2!, projection1!));
      return { ...method.parts!.loss(encoded, batch, progress), loss: both.div(-2) };
    },
  };
}

let runs = 0;
async function found(method: Method, recipe: Partial<Recipe> = {}): Promise<string[]> {
  const all = { learningRate: 0.05, scaling: 'none', batchSize: 64, epochs: 40, warmupEpochs: 0, ...recipe } as const;
  const quiet = { onProgress: () => {}, onDiagnosis: () => {}, checkpointEvery: 1000 };
  const run = await pretrain({ method, data: waves(), out: join(folder, `${runs++}`), recipe: all, ...quiet });
  return run.diagnoses.map(({ name }) => name);
}

describe('a sound run shows nothing', () => {
  test.each([
    [{}, 0.05],
    [{ fixPredictorRate: false }, 0.05],
    [{ hiddenDim: 64, projectionDim: 64, predictorHiddenDim: 16 }, 0.1],
  ])('%o, learning rate %d', async (settings, learningRate) => {
    expect(await found(make(settings), { epochs: 90, learningRate })).toEqual([]);
  });
});

test('without stop-gradient the projections become one line', async () => {
  expect(await found(withoutStopGradient(make({})), { epochs: 60 })).toEqual(['collapse']);
});

test.each<[string, Partial<Recipe>]>([
  ['loss-stuck', { learningRate: 1e-6, epochs: 80 }],
  ['collapse', { learningRate: 4 }],
  ['rank-falls', { learningRate: 20 }],
])('%s: %o', async (name, recipe) => {
  expect(await found(make({}), recipe)).toEqual([name]);
});
