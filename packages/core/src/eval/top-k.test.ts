import { describe, expect, it } from 'vitest';
import { rngFromSeed, uniform } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { BLOCK, topK } from './top-k.ts';

/** By sorting, with the lower index first on a tie. */
function reference(scores: Tensor, k: number): { values: number[][]; indices: number[][] } {
  const rows = scores.arraySync() as number[][];
  const indices = rows.map(row =>
    row
      .map((_, i) => i)
      .sort((a, b) => row[b]! - row[a]! || a - b)
      .slice(0, k),
  );
  return { values: rows.map((row, r) => indices[r]!.map(i => row[i]!)), indices };
}

function check(scores: Tensor, k: number): void {
  const { values, indices } = topK(scores, k);
  const expected = reference(scores, k);
  expect(indices.arraySync()).toEqual(expected.indices);
  expect(values.arraySync()).toEqual(expected.values);
}

describe('topK', () => {
  const columns = 24 * BLOCK; // k = 1, 2, 3 go two ways, more go one

  it.each([1, 2, 3, 4, 50])('gives the %i largest and where they are', k => {
    check(uniform(rngFromSeed(k), [7, columns]), k);
  });

  it.each([1, 2, 3, 4, 50])('puts the lower index first among equal values, k = %i', k => {
    check(tf.floor(uniform(rngFromSeed(k), [40, columns], 0, 3)), k);
    check(tf.zeros([3, columns]), k);
  });

  it('finds neighbours that all lie in one block, and those in the first and last column', () => {
    const scores = tf.tidy(() => {
      const buffer = tf.buffer([2, columns], 'float32');
      for (let i = 0; i < 3; i++) buffer.set(5 - i, 0, 3 * BLOCK + i);
      buffer.set(1, 1, 0);
      buffer.set(2, 1, columns - 1);
      return buffer.toTensor().sub(1);
    });
    check(scores, 3);
  });

  it.each([1, 5, 70])('takes %i columns', width => {
    check(uniform(rngFromSeed(9), [3, width]), Math.min(5, width));
  });
});
