import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Diagnosis, type Recipe, resnet } from '@ssl/core';
import { arrayDataset, horizontalFlip, views } from '@ssl/core/data';
import { pretrain } from '@ssl/core/train';
import { expect, test } from 'vitest';
import { type NNCLROptions, nnclr, nnclrViews } from './index.ts';

const SIDE = 8;
const PICTURES = 64;

/** Pictures with a square of one colour on a ground of another, so that a part still tells which picture it is of. */
function squares() {
  const colour = (picture: number, channel: number, inside: boolean): number =>
    (picture * 97 + channel * 61 + (inside ? 130 : 0) + picture * channel * 29) % 256;
  const data = Uint8Array.from({ length: PICTURES * SIDE ** 2 * 3 }, (_, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % SIDE, Math.floor(i / (3 * SIDE)) % SIDE];
    return colour(Math.floor(i / (3 * SIDE ** 2)), channel, x > 1 && x < 6 && y > 1 && y < 6);
  });
  return arrayDataset({ name: 'squares', data, width: SIDE, height: SIDE, channels: 3 });
}

/** Of squares they change little: a picture is easily known again. */
const flips = views([{ count: 2, size: SIDE, ops: [horizontalFlip()] }]);

async function diagnosesOf(
  options: Partial<NNCLROptions>,
  recipe: Partial<Recipe> = {},
): Promise<readonly Diagnosis[]> {
  const shape = { block: 'basic', layers: [1, 1], channels: [6, 12] } as const;
  const method = nnclr({
    backbone: resnet('tiny', shape, { stem: 'cifar', zeroInitLast: false, seed: 3 }),
    views: nnclrViews({ size: SIDE }),
    ...{ projectionDim: 8, hiddenDim: 16, predictorDim: 16, queueSize: 32 },
    ...options,
  });
  const out = mkdtempSync(join(tmpdir(), 'nnclr-'));
  try {
    const quiet = { onProgress: (): void => {}, onDiagnosis: (): void => {} };
    const settings = {
      batchSize: 16,
      epochs: 12,
      warmupEpochs: 0,
      learningRate: 0.05,
      scaling: 'none',
      ...recipe,
    } as const;
    return (await pretrain({ method, data: squares(), out: join(out, 'run'), recipe: settings, ...quiet })).diagnoses;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

test('a sound run shows none', async () => {
  expect(await diagnosesOf({})).toEqual([]);
}, 60_000);

test.each([
  ['a temperature far too high', 'loss-stuck', { temperature: 1000 }, {}, 'stayed at ln B = 2.773', 'temperature'],
  [
    'weight decay that leaves no weights',
    'rank-falls',
    {},
    { weightDecay: 10, epochs: 20 },
    'rankMe fell from',
    'weightDecay',
  ],
  [
    'projections of one dimension',
    'few-neighbours',
    { projectionDim: 1 },
    { batchSize: 32, epochs: 20 },
    'distinctNeighbours is',
    'projectionDim',
  ],
  [
    'a support set of all pictures',
    'own-neighbours',
    { queueSize: 128, views: flips },
    { learningRate: 1e-5 },
    '% of the nearest',
    'queueSize',
  ],
] as const)(
  '%s shows as %s',
  async (_, name, options, recipe, evidence, setting) => {
    const found = (await diagnosesOf(options, recipe)).find(each => each.name === name);
    expect(found?.evidence ?? '').toContain(evidence);
    expect(found?.change).toContain(setting);
  },
  60_000,
);
