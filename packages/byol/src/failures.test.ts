import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Method, normal, type Recipe, resnet, rngFromSeed } from '@ssl/core';
import { arrayDataset, colorJitter, type Dataset, horizontalFlip, randomResizedCrop, views } from '@ssl/core/data';
import { pretrain } from '@ssl/core/train';
import { afterAll, describe, expect, test } from 'vitest';
import { type BYOLOptions, byol } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'byol-'));
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

function make(settings: Partial<BYOLOptions>): Method {
  const shape = { block: 'basic', layers: [1, 1], channels: [6, 12] } as const;
  const backbone = resnet('tiny', shape, { stem: 'cifar', zeroInitLast: false, seed: 1 });
  return byol({ backbone, views: plan, hiddenDim: 32, projectionDim: 16, predictorHiddenDim: 32, ...settings });
}

/** BYOL whose predictions are its projections. */
function withoutPredictor(method: Method): Method {
  const { backbone, head } = method.trained;
  const { parts: _, ...rest } = method;
  return {
    ...rest,
    trained: { backbone: backbone!, head: head! },
    step(batch, progress) {
      const encoded = method.parts!.encode(batch, progress);
      const { projection1, projection2 } = encoded;
      return method.parts!.loss({ ...encoded, prediction1: projection1!, prediction2: projection2! }, batch, progress);
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
  test.each([0.9, 0.99])('with a momentum of %d', async momentum => {
    expect(await found(make({ momentum }), { epochs: 90 })).toEqual([]);
  });
});

test('without a predictor the targets become one', async () => {
  const method = withoutPredictor(make({ momentum: 0.6 }));
  expect(await found(method, { learningRate: 0.5, epochs: 60 })).toEqual(['collapse']);
});

test.each<[string, Partial<BYOLOptions>, Partial<Recipe>]>([
  ['teacher-is-student', { momentum: 0 }, {}],
  ['teacher-behind', { momentum: 1 }, { epochs: 80 }],
  ['rank-falls', { momentum: 0.9 }, { learningRate: 30 }],
])('%s: %o %o', async (name, settings, recipe) => {
  expect(await found(make(settings), recipe)).toEqual([name]);
});
