import type { Diagnosis, Recipe } from '@ssl/core';
import { diagnosesOf, kitBackbone, kitViews, kitWaves } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { type DeepClusterOptions, deepcluster } from './index.ts';

async function diagnosed(
  options: Partial<DeepClusterOptions>,
  recipe: Partial<Recipe> = {},
): Promise<readonly Diagnosis[]> {
  const narrow = { hiddenDim: 32, projectionDim: 16, clusters: [8, 12] };
  const method = deepcluster({ backbone: kitBackbone(), views: kitViews, ...narrow, ...options });
  return diagnosesOf(method, kitWaves(), { epochs: 12, learningRate: 0.1, ...recipe });
}

test('a sound run shows none', async () => {
  expect(await diagnosed({})).toEqual([]);
}, 60_000);

test.each([
  [
    'a temperature far too high',
    'loss-stuck',
    { temperature: 1000 },
    {},
    'stayed at the mean of ln K = 2.282',
    'temperature',
  ],
  [
    'weights that are gone',
    'one-cluster',
    {},
    { weightDecay: 3, epochs: 24, finalLearningRate: 0 },
    'one cluster holds',
    'weightDecay',
  ],
  [
    'weight decay that leaves no weights',
    'rank-falls',
    {},
    { weightDecay: 1, epochs: 20, finalLearningRate: 0 },
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
