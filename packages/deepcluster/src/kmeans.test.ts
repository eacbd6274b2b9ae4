import { ConfigError, DataError, liveTensors, normal, rngFromSeed, ShapeError, tf } from '@ssl/core';
import type { FeatureTable } from '@ssl/core/eval';
import { describe, expect, test } from 'vitest';
import { type KMeansProgress, kMeans } from './index.ts';

const table = (rows: readonly (readonly number[])[]): FeatureTable => ({
  features: Float32Array.from(rows.flat()),
  dim: rows[0]!.length,
});
const random = (rows: number, dim: number, seed = 1): FeatureTable => ({
  features: normal(rngFromSeed(seed), [rows, dim]).dataSync<'float32'>(),
  dim,
});

/** Four groups of three at the corners of a square. */
const corners = table(
  [
    [0, 0],
    [10, 0],
    [0, 10],
    [10, 10],
  ].flatMap(([x, y]) => [
    [x!, y!],
    [x! + 1, y!],
    [x!, y! + 1],
  ]),
);

describe('what is found', () => {
  test.each(['k-means++', 'random'] as const)('groups that lie apart, from %s starts', async init => {
    const { assignments, sizes, inertia, centroids } = await best(init);
    expect([...sizes]).toEqual([3, 3, 3, 3]);
    for (let group = 0; group < 4; group++) expect(new Set(assignments.slice(3 * group, 3 * group + 3)).size).toBe(1);
    expect(inertia).toBeCloseTo(4 * (4 / 3), 4); // each corner: 2/9 + 5/9 + 5/9
    expect([...centroids.features].map(x => x % 10).every(x => Math.abs(x - 1 / 3) < 1e-4)).toBe(true);
  });

  /** Of some seeds: a random start may put two centroids into one group. */
  async function best(init: 'k-means++' | 'random') {
    const all = await Promise.all([0, 1, 2, 3, 4, 5].map(seed => kMeans(corners, { clusters: 4, init, seed })));
    return all.reduce((a, b) => (b.inertia < a.inertia ? b : a));
  }

  test('spherical: directions, whatever the lengths; centroids have length 1', async () => {
    const rows = table([
      [1, 0],
      [5, 0.1],
      [0, 2],
      [0.1, 9],
      [-3, -3],
      [-1, -1],
    ]);
    const { assignments, centroids } = await kMeans(rows, { clusters: 3, metric: 'cosine', seed: 2 });
    expect([0, 2, 4].every(i => assignments[i] === assignments[i + 1])).toBe(true);
    expect(new Set(assignments).size).toBe(3);
    for (let k = 0; k < 3; k++) expect(Math.hypot(...centroids.features.subarray(2 * k, 2 * k + 2))).toBeCloseTo(1, 5);
  });

  test('as many clusters as rows leave no distance', async () => {
    const { inertia, sizes } = await kMeans(random(7, 3), { clusters: 7 });
    expect(inertia).toBeCloseTo(0, 5);
    expect([...sizes]).toEqual(Array(7).fill(1));
  });

  test('one cluster is the mean', async () => {
    const rows = table([
      [1, 2],
      [3, 4],
      [5, 9],
    ]);
    const { centroids, inertia } = await kMeans(rows, { clusters: 1, init: 'random' });
    expect([...centroids.features]).toEqual([expect.closeTo(3, 5), expect.closeTo(5, 5)]);
    expect(inertia).toBeCloseTo(8 + 26, 4);
  });

  test('more rows than are compared at once give what few would: every row is with its nearest centroid', async () => {
    const rows = random(3000, 4);
    const { assignments, centroids, inertia } = await kMeans(rows, { clusters: 2000, init: 'random', iterations: 1 });
    const [x, c] = [tf.tensor2d(rows.features, [3000, 4]), tf.tensor2d(centroids.features, [2000, 4])];
    const distances = x
      .square()
      .sum(1, true)
      .add(c.square().sum(1))
      .sub(tf.matMul(x, c, false, true).mul(2));
    const own = distances.mul(tf.oneHot(tf.tensor1d(assignments, 'int32'), 2000)).sum(1);
    expect(own.sub(distances.min(1)).max().dataSync()[0]!).toBeLessThan(1e-4);
    expect(inertia).toBeCloseTo(own.sum().dataSync()[0]!, 0);
  });
});

describe('clusters without rows', () => {
  test('get the row that is farthest from its centroid, which its old cluster loses', async () => {
    const line = table([[0], [1], [2], [10], [11], [12], [30]]);
    const init = table([[1], [11], [1000]]); // nothing is near the third
    const { centroids, sizes } = await kMeans(line, { clusters: 3, init, iterations: 1 });
    for (const [k, expected] of [1, 11, 30].entries()) expect(centroids.features[k]).toBeCloseTo(expected, 4);
    expect([...sizes]).toEqual([3, 3, 1]);
  });

  test('get none from a cluster of one row', async () => {
    const init = table([[5], [9], [1000], [2000]]); // the first row is the farthest, and alone
    const { sizes } = await kMeans(table([[0], [8], [8.5], [9.5]]), { clusters: 4, init, iterations: 1 });
    expect([...sizes]).toEqual([1, 1, 1, 1]);
  });

  test('where all rows are alike there is nothing to part', async () => {
    const alike = table(Array.from({ length: 5 }, () => [1, 2]));
    for (const init of ['k-means++', 'random'] as const) {
      const { sizes, inertia } = await kMeans(alike, { clusters: 3, init, iterations: 4 });
      expect(sizes.reduce((a, b) => a + b)).toBe(5);
      expect(inertia).toBeCloseTo(0, 6);
    }
  });
});

describe('a run', () => {
  const rows = random(200, 5);

  test('is the same with the same seed, another with another seed or stream', async () => {
    const of = async (seed: number, stream: number): Promise<string> =>
      (await kMeans(rows, { clusters: 9, seed, stream })).assignments.join();
    expect(await of(1, 0)).toBe(await of(1, 0));
    expect(await of(1, 0)).not.toBe(await of(2, 0));
    expect(await of(1, 0)).not.toBe(await of(1, 1));
  });

  test('tells its progress: inertia never rises, and it stops when no row moves', async () => {
    const seen: KMeansProgress[] = [];
    const { iterations, inertia } = await kMeans(rows, { clusters: 4, onProgress: one => seen.push(one) });
    expect(seen.map(({ iteration }) => iteration)).toEqual(Array.from({ length: iterations + 1 }, (_, i) => i));
    for (const [i, { inertia: now }] of seen.entries())
      expect(now).toBeLessThanOrEqual((seen[i - 1]?.inertia ?? now) * (1 + 1e-6));
    expect(seen[0]!.changed).toBe(200);
    expect(seen.at(-1)).toMatchObject({ changed: 0, inertia, iterations: 50 });
  });

  test("takes a tensor, which stays the caller's, and leaves nothing behind", async () => {
    const given = tf.tensor2d(rows.features, [200, 5]);
    await kMeans(given, { clusters: 6, seed: 3 }); // constants of the first call stay
    const before = liveTensors();
    const { assignments } = await kMeans(given, { clusters: 6, seed: 3 });
    expect(liveTensors()).toBe(before);
    expect([...assignments]).toEqual([...(await kMeans(rows, { clusters: 6, seed: 3 })).assignments]);
    expect(given.dataSync()[0]).toBe(rows.features[0]);
  });
});

test.each<[object, typeof ConfigError | typeof ShapeError | typeof DataError, string]>([
  [{ clusters: 0 }, ConfigError, 'clusters must be a whole number of at least 1; got 0'],
  [{ clusters: 13 }, ConfigError, 'clusters must be at most the rows; got 13 for 12 rows'],
  [{ iterations: 0 }, ConfigError, 'iterations must be a whole number of at least 1; got 0'],
  [{ metric: 'manhattan' }, ConfigError, "metric must be euclidean or cosine; got 'manhattan'"],
  [{ init: 'kmeans' }, ConfigError, "init must be k-means++, random or centroids; got 'kmeans'"],
  [{ init: table([[1, 2, 3]]) }, ShapeError, 'the first centroids must be [2, 2]; got 3 values of width 3'],
])('%o is refused', async (options, kind, message) => {
  const run = kMeans(corners, { clusters: 2, ...options });
  await expect(run).rejects.toThrow(kind);
  await expect(kMeans(corners, { clusters: 2, ...options })).rejects.toThrow(message);
});

test.each(['euclidean', 'cosine'] as const)('a value that is no number is told (%s)', async metric => {
  const run = kMeans(
    table([
      [1, 2],
      [3, Number.NaN],
      [5, 6],
    ]),
    { clusters: 2, metric, init: 'random' },
  );
  await expect(run).rejects.toThrow(DataError);
});
