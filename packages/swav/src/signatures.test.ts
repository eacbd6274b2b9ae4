import type { Diagnosis, Recipe } from '@ssl/core';
import { diagnosesOf, kitBackbone, kitViews, kitWaves } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { type SwAVOptions, swav } from './index.ts';

async function diagnosed(options: Partial<SwAVOptions>, recipe: Partial<Recipe> = {}): Promise<readonly Diagnosis[]> {
  const narrow = {
    hiddenDim: 32,
    projectionDim: 16,
    prototypes: 12,
    queueSize: 32,
    freezeEpochs: 0,
    queueStartEpoch: 2,
  };
  const method = swav({ backbone: kitBackbone(), views: kitViews, ...narrow, ...options });
  return diagnosesOf(method, kitWaves(), { epochs: 12, learningRate: 0.1, ...recipe });
}

test('a sound run shows none', async () => {
  expect(await diagnosed({})).toEqual([]);
}, 60_000);

test.each([
  [
    'an epsilon far too large',
    'collapse',
    { epsilon: 20 },
    {},
    'the entropy of the assignments was',
    'epsilon to 0.03',
  ],
  ['a temperature far too high', 'loss-stuck', { temperature: 1000 }, {}, 'stayed at ln 12 = 2.485', 'temperature'],
  [
    'a queue of a network that has changed since',
    'queue-disturbs',
    { queueSize: 256, queueStartEpoch: 4, prototypes: 64 },
    { learningRate: 1, warmupEpochs: 19, epochs: 20 },
    'the loss was',
    'queueStartEpoch',
  ],
  [
    'weight decay that leaves no weights',
    'rank-falls',
    {},
    { weightDecay: 1, epochs: 20 },
    'rankMe fell from',
    'weightDecay',
  ],
] as const)(
  '%s shows as %s',
  async (_, name, options, recipe, evidence, setting) => {
    const all = await diagnosed(options, recipe);
    const found = all.find(each => each.name === name);
    expect(found?.evidence ?? JSON.stringify(all)).toContain(evidence);
    expect(found?.change).toContain(setting);
  },
  60_000,
);
