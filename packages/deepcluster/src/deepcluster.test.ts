import {
  type Batch,
  ConfigError,
  type EpochWork,
  inContext,
  l2Normalize,
  type Method,
  normal,
  type Progress,
  rngFromSeed,
  stateOf,
  type Tensor,
  tf,
  type Variable,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { acrossRanks, describeMethod, kitBackbone, kitData } from '@ssl/core/testing';
import { pretrain } from '@ssl/core/train';
import { describe, expect, test } from 'vitest';
import {
  cifar,
  type DeepClusterOptions,
  deepClusterLoss,
  deepClusterViews,
  deepcluster,
  defaults,
  kMeans,
} from './index.ts';

const NARROW = { hiddenDim: 16, projectionDim: 8, clusters: [4, 6, 5], images: 16 };
const small = deepClusterViews({ size: 8, localSize: 6, localCount: 2 });

function make(options: Partial<DeepClusterOptions> = {}): Method {
  return deepcluster({ backbone: kitBackbone(), views: small, seed: 4, ...NARROW, ...options });
}

describeMethod('deepcluster', { make: ({ backbone, seed }) => make({ backbone, seed }) });

const start: Progress = { fraction: tf.scalar(0), epoch: tf.scalar(0), scheduled: {} };
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const distance = (a: Tensor, b: Tensor): number => value(a.sub(b).abs().max());
const inStep = <R>(body: () => R): R => inContext({ training: true }, body);
const variable = (method: Method, name: string): Variable => stateOf(method.carried!).get(name)!;

function pictures(indices: readonly number[] = [3, 1, 7, 0, 12, 5, 9, 15]): Batch {
  const rng = rngFromSeed(5);
  const made = [8, 8, 6, 6].map(size => normal(rng, [indices.length, size, size, 3]));
  return { views: made, indices: tf.tensor1d([...indices], 'int32'), drawn: {} };
}

function work(epoch: number, rows: Tensor = l2Normalize(normal(rngFromSeed(8), [16, 8]))): EpochWork {
  return { epoch, seed: 3, size: 16, features: async () => rows.dataSync<'float32'>() };
}

describe('before an epoch', () => {
  test('the memory begins with a projection of every image, for both views', async () => {
    const model = make();
    const rows = l2Normalize(normal(rngFromSeed(8), [16, 8]));
    await model.beforeEpoch!(work(0, rows));
    expect(distance(variable(model, 'memory').read(), tf.concat([rows, rows], 1))).toBe(0);
  });

  test('each head has the clusters of the view that is its turn: centroids, and a cluster for every image', async () => {
    const model = make();
    const memory = normal(rngFromSeed(9), [16, 16]);
    const unit = tf.concat(
      tf.split(memory, 2, 1).map(each => l2Normalize(each)),
      1,
    );
    variable(model, 'memory').assign(unit);
    await model.beforeEpoch!(work(2));
    for (const [head, K] of NARROW.clusters.entries()) {
      const rows = tf.slice(unit, [0, (head % 2) * 8], [16, 8]);
      const settings = {
        clusters: K,
        metric: 'cosine',
        init: 'random',
        iterations: 10,
        seed: 3,
        stream: 6 + head,
      } as const;
      const { centroids, assignments } = await kMeans(rows, settings);
      expect([...variable(model, `assignments${head}`).values()]).toEqual([...assignments]);
      expect(distance(variable(model, `centroids${head}`).read(), tf.tensor2d(centroids.features, [K, 8]))).toBe(0);
    }
  });

  test('another epoch starts from other images, the same one from the same', async () => {
    const after = async (epoch: number): Promise<string> => {
      const model = make();
      variable(model, 'memory').assign(normal(rngFromSeed(9), [16, 16]));
      await model.beforeEpoch!(work(epoch));
      return [0, 1, 2].map(head => variable(model, `assignments${head}`).values().join()).join();
    };
    expect(await after(1)).toBe(await after(1));
    expect(await after(1)).not.toBe(await after(2));
  });

  test('the share of the largest cluster is logged', async () => {
    const model = make({ clusters: [2] });
    const rows = tf.concat([tf.tile(tf.tensor2d([[1, 0]]), [12, 4]), tf.tile(tf.tensor2d([[0, 1]]), [4, 4])]);
    await model.beforeEpoch!(work(0, l2Normalize(rows)));
    expect(value(inStep(() => model.step(pictures(), start)).metrics!.largestCluster!)).toBeCloseTo(12 / 16, 6);
  });
});

describe('the step', () => {
  test('every view of an image is to tell its clusters, of every head', () => {
    const [model, batch] = [make(), pictures()];
    const encoded = inStep(() => model.parts!.encode(batch, start));
    const rows = tf.concat([0, 1, 2, 3].map(i => encoded[`embedding${i}`]!));
    const scores = [0, 1, 2].map(
      h => tf.matMul(rows as never, variable(model, `centroids${h}`).read() as never, false, true) as Tensor,
    );
    const targets = [0, 1, 2].map(h =>
      tf.tile(tf.gather(variable(model, `assignments${h}`).read(), batch.indices), [4]),
    );
    const { loss, features } = inStep(() => model.step(batch, start));
    expect(value(loss)).toBeCloseTo(value(deepClusterLoss(scores, targets, { temperature: 0.1 })), 4);
    expect(features!.shape).toEqual([16, 12]);
  });

  test('the projections of the large views go into the memory at the places of their images, those of others stay', () => {
    const [model, batch] = [make(), pictures()];
    const { embedding0, embedding1 } = inStep(() => model.parts!.encode(batch, start));
    variable(model, 'memory').assign(tf.fill([16, 16], 0.5));
    inStep(() => model.step(batch, start));
    const memory = variable(model, 'memory').read();
    expect(distance(tf.gather(memory, batch.indices), tf.concat([embedding0!, embedding1!], 1))).toBeLessThan(1e-5);
    expect(distance(tf.gather(memory, tf.tensor1d([2, 4, 14], 'int32')), tf.fill([3, 16], 0.5))).toBe(0);
  });

  test('the loss is that of the clusters from before the step, and centroids do not learn', () => {
    const model = make();
    const before = variable(model, 'centroids0').read().clone();
    const losses = [0, 1].map(() => value(inStep(() => model.step(pictures(), start)).loss));
    expect(losses[1]).toBeCloseTo(losses[0]!, 5);
    expect(distance(variable(model, 'centroids0').read(), before)).toBe(0);
    expect(Object.keys(model.trained)).toEqual(['backbone', 'head']);
  });

  test('two ranks remember the images of both', () => {
    const model = make();
    const batch = pictures();
    const encoded = inStep(() => model.parts!.encode(batch, start));
    const part = (x: Tensor, rank: number): Tensor => tf.slice(x, rank * 4, 4);
    acrossRanks(2, rank => {
      const rows = Object.fromEntries(Object.entries(encoded).map(([name, x]) => [name, part(x, rank)]));
      return inStep(
        () => model.parts!.loss(rows, { views: [], indices: part(batch.indices, rank), drawn: {} }, start).loss,
      );
    });
    const expected = tf.concat([encoded.embedding0!, encoded.embedding1!], 1);
    expect(distance(tf.gather(variable(model, 'memory').read(), batch.indices), expected)).toBeLessThan(1e-5);
  });
});

describe('a run', () => {
  test('gives the memory a place for each image, with the same head', () => {
    const method = make({ images: 0 });
    const taken = method.forRun!({ recipe: cifar, images: 20 });
    expect(taken.config.images).toBe(20);
    expect(variable(taken, 'memory').shape).toEqual([20, 16]);
    expect(variable(taken, 'assignments1').shape).toEqual([20]);
    expect(taken.trained).toEqual(method.trained);
  });

  test('of fewer images than clusters is refused before anything is read', async () => {
    const data = { ...kitData({}, 5), image: () => Promise.reject(new Error('read')) };
    const run = pretrain({ method: make({ images: 0 }), data, out: 'never-made', recipe: { batchSize: 4 } });
    await expect(run).rejects.toThrow('clusters must be at most the images; got 6 for 5 images');
  });
});

describe('settings', () => {
  test('all that were resolved are kept', () => {
    expect(make().config).toEqual({ ...defaults, ...NARROW });
    expect(make().recipe).toBe(cifar);
  });

  const plan = (...sizes: number[]) => views(sizes.map(size => ({ count: 1, size, ops: [] })));

  test.each<[object, string]>([
    [{ cluster: [6] }, "there is no setting 'cluster'; did you mean 'clusters'?"],
    [{ clusters: 6 }, "'clusters' must be a list"],
    [{ clusters: [] }, 'clusters must have a number for each head; got none'],
    [{ clusters: [4, 1] }, 'clusters[1] must be a whole number of at least 2; got 1'],
    [{ clusters: [4, 17] }, 'clusters must be at most the images; got 17 for 16 images'],
    [{ projectionDim: 0.5 }, 'projectionDim must be a whole number of at least 1; got 0.5'],
    [{ iterations: 0 }, 'iterations must be a whole number of at least 1; got 0'],
    [{ images: -1 }, 'images must be a whole number of at least 0; got -1'],
    [{ temperature: 0 }, 'temperature must be above 0; got 0; 0.1 is usual'],
    [{ views: plan(8) }, 'the first two views must be of one size; got views of 8 pixels'],
    [{ views: plan(8, 8, 9) }, 'the small views must not be larger than the first two; got views of 8, 8, 9 pixels'],
  ])('%o is refused', (options, message) => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  });
});
