import { type Diagnosis, type Recipe, resnet } from '@ssl/core';
import { horizontalFlip, views } from '@ssl/core/data';
import { diagnosesOf, kitData } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { type NNCLROptions, nnclr, nnclrViews } from './index.ts';

const SIDE = 8;
/** Of squares they change little: a picture is easily known again. */
const flips = views([{ count: 2, size: SIDE, ops: [horizontalFlip()] }]);

async function diagnosed(options: Partial<NNCLROptions>, recipe: Partial<Recipe> = {}): Promise<readonly Diagnosis[]> {
  const shape = { block: 'basic', layers: [1, 1], channels: [6, 12] } as const;
  const method = nnclr({
    backbone: resnet('tiny', shape, { stem: 'cifar', zeroInitLast: false, seed: 3 }),
    views: nnclrViews({ size: SIDE }),
    ...{ projectionDim: 8, hiddenDim: 16, predictorDim: 16, queueSize: 32 },
    ...options,
  });
  return diagnosesOf(method, kitData({}, 64), { epochs: 12, ...recipe });
}

test('a sound run shows none', async () => {
  expect(await diagnosed({})).toEqual([]);
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
    const found = (await diagnosed(options, recipe)).find(each => each.name === name);
    expect(found?.evidence ?? '').toContain(evidence);
    expect(found?.change).toContain(setting);
  },
  60_000,
);
