import { describe, expect, test } from 'vitest';
import { ConfigError, ShapeError } from '../../errors.ts';
import { compile } from '../../tensor/compile.ts';
import { rngFromKey, rngFromSeed, stepKey } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { hostRng } from '../host-rng.ts';
import { jigsawPatches, normalizePatches, permutePatches } from './jigsaw.ts';
import { permutationSet, shuffled } from './jigsaw-permutations.ts';

/** Two channels: the row and the column of each pixel. */
function positions(batch: number, size: number): Tensor {
  const line = tf.range(0, size);
  const [rows, columns] = [line.reshape([1, size, 1]), line.reshape([1, 1, size])].map(axis =>
    axis.add(tf.zeros([batch, size, size])),
  );
  return tf.stack([rows!, columns!], 3);
}

describe('patches', () => {
  test('each is a whole part of its own cell, and its place in it is random', () => {
    const [batch, patch] = [40, 64];
    const patches = jigsawPatches(positions(batch, 255), { rng: rngFromSeed(1), patch });
    expect(patches.shape).toEqual([9 * batch, patch, patch, 2]);
    const corners = patches
      .slice([0, 0, 0, 0], [-1, 1, 1, -1])
      .reshape([9 * batch, 2])
      .arraySync() as [number, number][];
    const offsets = corners.map(([row, column], i) => [row - 85 * Math.floor((i % 9) / 3), column - 85 * (i % 3)]);
    expect(offsets.every(place => place.every(at => at >= 0 && at <= 21))).toBe(true);
    expect(new Set(offsets.map(([row]) => row)).size).toBe(22);
    const whole = tf.sub(patches, positions(1, patch)); // every pixel as far from the corner as it should be
    expect(
      whole
        .sub(patches.slice([0, 0, 0, 0], [-1, 1, 1, -1]))
        .abs()
        .max()
        .dataSync()[0],
    ).toBe(0);
  });

  test('the size of a patch follows from the cell, and what fills no cell is left out', () => {
    expect(jigsawPatches(tf.zeros([2, 96, 96, 3]), { rng: rngFromSeed(1) }).shape).toEqual([18, 24, 24, 3]);
    const patches = jigsawPatches(positions(3, 11), { rng: rngFromSeed(1), grid: 2, patch: 5 });
    expect(patches.shape).toEqual([12, 5, 5, 2]);
    expect(patches.max().dataSync()[0]).toBe(9);
  });

  test('compiled and eager agree', async () => {
    const compiled = compile((x: Tensor, key: Tensor) => jigsawPatches(x, { rng: rngFromKey(key) }));
    const x = positions(2, 30);
    const eager = jigsawPatches(x, { rng: rngFromKey(stepKey(1, 1)) });
    expect((await compiled(x, stepKey(1, 1))).dataSync()).toEqual(eager.dataSync());
    compiled.dispose();
  });

  test('normalised ones have mean 0 and deviation 1, those of one colour are 0', () => {
    const patches = tf.concat([positions(1, 8).mul(0.03).add(0.2), tf.fill([1, 8, 8, 2], 0.7)]);
    const { mean, variance } = tf.moments(normalizePatches(patches), [1, 2]);
    expect(mean.abs().max().dataSync()[0]).toBeLessThan(0.01);
    expect(Array.from(variance.dataSync())).toEqual([1, 1, 0, 0].map(value => expect.closeTo(value, 3)));
  });

  test('a permutation moves the patches of its own picture', () => {
    const patches = tf.range(0, 8).reshape([8, 1, 1, 1]);
    const order = tf.tensor2d(
      [
        [2, 0, 1, 3],
        [3, 2, 1, 0],
      ],
      [2, 4],
      'int32',
    ); // prettier-ignore
    expect(Array.from(permutePatches(patches, order).dataSync())).toEqual([2, 0, 1, 3, 7, 6, 5, 4]);
    expect(() => permutePatches(patches, tf.zeros([2, 3], 'int32'))).toThrow(ShapeError);
  });

  test('settings and shapes are checked', () => {
    expect(() => jigsawPatches(tf.zeros([1, 30, 30, 3]), { rng: rngFromSeed(1), patch: 11 })).toThrow(ConfigError);
    expect(() => jigsawPatches(tf.zeros([1, 30, 20, 3]), { rng: rngFromSeed(1) })).toThrow(ShapeError);
  });
});

describe('permutation sets', () => {
  const hamming = (a: readonly number[], b: readonly number[]): number => a.filter((piece, i) => piece !== b[i]).length;
  const pairs = (set: readonly number[][]): number[] => set.flatMap((a, i) => set.slice(0, i).map(b => hamming(a, b)));

  test('hold each permutation once, the first ones as far apart as possible', () => {
    const set = permutationSet({ count: 100, seed: 3 });
    expect(new Set(set.map(String)).size).toBe(100);
    expect(set.every(order => [...order].sort().join('') === '012345678')).toBe(true);
    expect(Math.min(...pairs(set.slice(0, 9)))).toBe(9); // a Latin square
    const distances = pairs(set);
    // As VISSL's script reports for 100 permutations: a mean of 8.0 to 8.1.
    expect(distances.reduce((sum, d) => sum + d, 0) / distances.length).toBeGreaterThan(8);
  });

  test('by the smallest distance, no two are alike in many places', () => {
    const smallest = (distance: 'mean' | 'smallest'): number =>
      Math.min(...pairs(permutationSet({ count: 60, distance })));
    expect(smallest('smallest')).toBeGreaterThanOrEqual(7);
    expect(smallest('mean')).toBeLessThan(smallest('smallest'));
  });

  test('follow from the seed, and can hold all there are', () => {
    const set = (seed: number): number[][] => permutationSet({ count: 5, pieces: 6, seed });
    expect(set(1)).toEqual(set(1));
    expect(set(1)).not.toEqual(set(2));
    expect(permutationSet({ count: 24, pieces: 4 }).map(String).sort()[0]).toBe('0,1,2,3');
    expect(() => permutationSet({ count: 25, pieces: 4 })).toThrow(/count must be a whole number from 1 to 24; got 25/);
    expect(() => permutationSet({ count: 5, pieces: 10 })).toThrow(ConfigError);
  });

  test('single shuffles are equally likely', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffled(3, hostRng(1, 0, i)).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(25.7); // 5 degrees of freedom, once in 10,000 times
  });
});
