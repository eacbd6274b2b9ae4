import { describe, expect, it } from 'vitest';
import { permutation } from '../data/sampler.ts';
import { ConfigError, DataError, ShapeError } from '../errors.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { tf } from '../tensor/tf.ts';
import { liveTensors } from '../tensor/variable.ts';
import type { FeatureTable } from './feature-table.ts';
import { nearestNeighbours } from './neighbours.ts';

function table(rows: number, dim: number, seed: number, shift = 0): FeatureTable {
  const drawn = tf.tidy(() => normal(rngFromSeed(seed), [rows, dim]).add(shift));
  const features = drawn.dataSync<'float32'>();
  drawn.dispose();
  return { features, dim };
}

const row = ({ features, dim }: FeatureTable, i: number): number[] => [...features.subarray(i * dim, (i + 1) * dim)];
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** In float64, by sorting. */
function reference(query: FeatureTable, gallery: FeatureTable, k: number, metric: 'cosine' | 'euclidean') {
  const count = gallery.features.length / gallery.dim;
  return Array.from({ length: query.features.length / query.dim }, (_, q) => {
    const a = row(query, q);
    const similarities = Array.from({ length: count }, (_, g) => {
      const b = row(gallery, g);
      if (metric === 'cosine') return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
      return -0.5 * a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0);
    });
    const order = similarities.map((_, i) => i).sort((i, j) => similarities[j]! - similarities[i]!);
    return order.slice(0, k).map(index => ({ index, similarity: similarities[index]! }));
  });
}

describe.each(['cosine', 'euclidean'] as const)('nearestNeighbours, %s', metric => {
  const query = table(30, 12, 1);
  const gallery = table(500, 12, 2);

  it.each([1, 7, 500])('agrees with sorting in float64, k = %i', async k => {
    const found = await nearestNeighbours(query, gallery, k, { metric });
    const expected = reference(query, gallery, k, metric).flat();
    expect([...found.indices]).toEqual(expected.map(({ index }) => index));
    expected.forEach(({ similarity }, i) => {
      expect(found.similarities[i]).toBeCloseTo(similarity, 5);
    });
  });

  it('gives the same however small the parts are', async () => {
    const whole = await nearestNeighbours(query, gallery, 9, { metric });
    for (const scoreBudget of [1, 64 * 7, 20_000]) {
      const found = await nearestNeighbours(query, gallery, 9, { metric, scoreBudget });
      expect(found.indices).toEqual(whole.indices);
    }
  });

  it('follows a permutation of the gallery', async () => {
    const order = permutation(500, 3, 0, 0);
    const shuffled = { dim: 12, features: Float32Array.from([...order].flatMap(i => row(gallery, i))) };
    const found = await nearestNeighbours(query, shuffled, 5, { metric });
    const whole = await nearestNeighbours(query, gallery, 5, { metric });
    expect(found.indices.map(i => order[i]!)).toEqual(whole.indices);
  });

  it('takes tensors and leaves them, and frees what it made', async () => {
    const tables = [query, gallery] as const;
    const [a, b] = tables.map(({ features, dim }) => tf.tensor2d(features, [features.length / dim, dim])) as [
      ReturnType<typeof tf.tensor2d>,
      ReturnType<typeof tf.tensor2d>,
    ];
    const whole = await nearestNeighbours(query, gallery, 4, { metric });
    expect((await nearestNeighbours(a, b, 4, { metric })).indices).toEqual(whole.indices);
    const before = [liveTensors(), tf.memory().numTensors];
    await nearestNeighbours(a, b, 4, { metric, scoreBudget: 1000 });
    expect([liveTensors(), tf.memory().numTensors]).toEqual(before);
    tf.dispose([a, b]);
  });

  it('puts the lower row first when several are equal', async () => {
    const copies = { dim: 2, features: Float32Array.from(Array.from({ length: 200 }, () => [3, 4]).flat()) };
    const found = await nearestNeighbours({ dim: 2, features: Float32Array.of(6, 8) }, copies, 5, {
      metric,
      scoreBudget: 64,
    });
    expect([...found.indices]).toEqual([0, 1, 2, 3, 4]);
  });

  it('names the row that has NaN, and frees what it made', async () => {
    const broken = (from: FeatureTable, at: number, value: number): FeatureTable => {
      const features = from.features.slice();
      features[at] = value;
      return { ...from, features };
    };
    const before = [liveTensors(), tf.memory().numTensors];
    const options = { metric, scoreBudget: 64 };
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      await expect(nearestNeighbours(query, broken(gallery, 403 * 12 + 5, value), 3, options)).rejects.toThrow(
        /gallery: .*row 403;/,
      );
      await expect(nearestNeighbours(broken(query, 29 * 12, value), gallery, 3, options)).rejects.toThrow(
        /query: .*row 29;/,
      );
    }
    await expect(nearestNeighbours(broken(query, 0, Number.NaN), gallery, 3)).rejects.toBeInstanceOf(DataError);
    expect([liveTensors(), tf.memory().numTensors]).toEqual(before);
  });
});

describe('nearestNeighbours', () => {
  it('does not care for lengths with cosine, and does not divide by zero', async () => {
    const [query, gallery] = [table(5, 8, 1), table(90, 8, 2)];
    const scaled = gallery.features.map((value, i) => value * (1 + (Math.floor(i / 8) % 50) * 20));
    const found = await nearestNeighbours(query, gallery, 3);
    expect((await nearestNeighbours(query, { dim: 8, features: scaled }, 3)).indices).toEqual(found.indices);
    const zeros = await nearestNeighbours({ dim: 8, features: new Float32Array(8) }, gallery, 90);
    expect(zeros.similarities.every(value => value === 0)).toBe(true);
  });

  it('measures distances far from the origin', async () => {
    const [query, gallery] = [table(20, 6, 3, 300), table(200, 6, 4, 300)];
    const found = await nearestNeighbours(query, gallery, 1, { metric: 'euclidean' });
    const expected = reference(query, gallery, 1, 'euclidean').flat();
    expect([...found.indices]).toEqual(expected.map(({ index }) => index));
    const self = await nearestNeighbours(gallery, gallery, 1, { metric: 'euclidean' });
    expect([...self.indices]).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(Math.max(...self.similarities)).toBeLessThanOrEqual(0);
    expect(Math.min(...self.similarities)).toBeGreaterThan(-1e-4);
  });

  it('holds a small part of the similarities at a time', async () => {
    const [query, gallery] = [table(16_000, 8, 5), table(16_000, 8, 6)];
    const before = process.resourceUsage().maxRSS;
    await nearestNeighbours(query, gallery, 5, { scoreBudget: 2 ** 20 });
    const grownMegabytes = (process.resourceUsage().maxRSS - before) / 1024;
    expect(grownMegabytes).toBeLessThan(256); // all of them are 1,024 MB
  });

  it.each([0, 501, 1.5, Number.NaN])('refuses k = %d', async k => {
    const error = await nearestNeighbours(table(3, 4, 1), table(500, 4, 2), k).catch(e => e);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain(`500 rows; got ${k}`);
  });

  it('refuses features that do not fit', async () => {
    const good = table(10, 4, 1);
    const cases: [Parameters<typeof nearestNeighbours>[0], string][] = [
      [table(3, 5, 1), 'equally wide; got 5 and 4'],
      [{ features: new Float32Array(7), dim: 4 }, 'got 7 values and dim 4'],
      [{ features: new Float32Array(0), dim: 4 }, 'got 0 values'],
      [tf.zeros([2, 2, 2]), 'got float32 [2,2,2]'],
      [tf.zeros([2, 4], 'int32'), 'got int32 [2,4]'],
    ];
    for (const [query, message] of cases) {
      const error = await nearestNeighbours(query, good, 1).catch(e => e);
      expect(error).toBeInstanceOf(ShapeError);
      expect(error.message).toContain(message);
    }
  });
});
