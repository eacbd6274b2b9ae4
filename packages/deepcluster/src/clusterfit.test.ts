import { ConfigError, DataError, type Method } from '@ssl/core';
import { loadPixels, views } from '@ssl/core/data';
import { extractFeatures } from '@ssl/core/eval';
import { describeMethod, diagnosesOf, kitBackbone, kitData } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { clusterFit, clusterFitRecipe, clusterLabels } from './index.ts';

const plain = views([{ count: 1, size: 8, ops: [] }]);
const make = (backbone = kitBackbone(), seed = 0): Method => clusterFit({ backbone, clusters: 3, views: plain, seed });

describeMethod('clusterfit', { make: ({ backbone, seed }) => make(backbone, seed), viewsAlike: false });

describe('labels', () => {
  test('are the clusters of the features of another network, and a new one learns them', async () => {
    const data = kitData({}, 64);
    const { inChannels: _, ...given } = { inChannels: 3, images: await loadPixels(data, { size: 8 }) };
    const features = await extractFeatures({ ...given, embed: kitBackbone(7) });
    const labelled = await clusterLabels(data, features, { clusters: 3, seed: 1 });
    expect(labelled.data.labels).toBe(labelled.clustering.assignments);
    expect(labelled.data.classes).toEqual(['cluster 0', 'cluster 1', 'cluster 2']);
    expect(labelled.data.fingerprint).not.toBe(data.fingerprint);
    expect((await labelled.data.image(5)).data).toEqual((await data.image(5)).data);
    const again = await clusterLabels(data, features, { clusters: 3, seed: 1 });
    expect(again.data.fingerprint).toBe(labelled.data.fingerprint);
    expect(await diagnosesOf(make(), labelled.data, { epochs: 20 })).toEqual([]);
  });

  test('need a row for each picture', async () => {
    const features = { features: new Float32Array(20), dim: 2 };
    await expect(clusterLabels(kitData({}, 16), features, { clusters: 3 })).rejects.toThrow(DataError);
    await expect(clusterLabels(kitData({}, 16), features, { clusters: 3 })).rejects.toThrow('got 10 for 16 in squares');
  });
});

test('a network that does not learn its clusters is told', async () => {
  const decayed = { epochs: 100, batchSize: 64, learningRate: 0.01, weightDecay: 3, finalLearningRate: 0 };
  const found = await diagnosesOf(make(), kitData({}, 64), decayed);
  expect(found).toMatchObject([{ name: 'loss-stuck', evidence: expect.stringContaining('stayed at ln 3 = 1.099') }]);
  expect(found[0]!.change).toContain('weightDecay');
});

test('settings', () => {
  expect(make()).toMatchObject({
    name: 'clusterfit',
    recipe: clusterFitRecipe,
    config: { clusters: 3 },
    classes: 3,
    needsLabels: true,
  });
  expect(() => clusterFit({ backbone: kitBackbone(), clusters: 1 })).toThrow(ConfigError);
  expect(() => clusterFit({ backbone: kitBackbone(), clusters: 1.5 })).toThrow('at least 2; got 1.5');
  const two = views([{ count: 2, size: 8, ops: [] }]);
  expect(() => clusterFit({ backbone: kitBackbone(), clusters: 3, views: two })).toThrow('views must be one; got 2');
  expect(clusterFit({ backbone: kitBackbone(), clusters: 3 }).views).toHaveLength(1);
});
