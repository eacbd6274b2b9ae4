import { compile, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { dimensionsOf, negativeCosineSimilarity } from './index.ts';
import { parity } from './parity.ts';

const rows = (count: number, width: number, seed = 1): Tensor => normal(rngFromSeed(seed), [count, width]);
const lossOf = (p: Tensor, t: Tensor): number => negativeCosineSimilarity(p, t).dataSync()[0]!;
const gradientOf = (p: Tensor, t: Tensor): Tensor => tf.grad(x => negativeCosineSimilarity(x, t) as never)(p);

/** −cos, one row after the other. */
function byHand(p: Tensor, t: Tensor): number {
  const dot = (u: readonly number[], v: readonly number[]): number => u.reduce((sum, x, i) => sum + x * v[i]!, 0);
  const [a, b] = [p.arraySync() as number[][], t.arraySync() as number[][]];
  const losses = a.map((u, i) => -dot(u, b[i]!) / Math.sqrt(dot(u, u) * dot(b[i]!, b[i]!)));
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

describeParity('simsiam', parity);

test.each([
  ['−1 where predictions point at their targets', [3, 4], -1],
  ['0 at right angles', [-8, 6], 0],
  ['1 where they are opposite', [-0.3, -0.4], 1],
  ['−0.6', [5, 0], -0.6],
])('closed form: %s', (_, prediction, expected) => {
  const targets = tf.tensor2d([[3, 4]]).tile([5, 1]);
  expect(lossOf(tf.tensor2d([prediction]).tile([5, 1]), targets)).toBeCloseTo(expected, 5);
});

test.each([
  [1, 3],
  [7, 5],
  [16, 32],
])('equals the equation written as loops: %i images, %i dimensions', (count, width) => {
  const [p, t] = [rows(count, width), rows(count, width, 2)];
  expect(lossOf(p, t)).toBeCloseTo(byHand(p, t), 5);
});

describe('properties', () => {
  const [p, t] = [rows(10, 6), rows(10, 6, 2)];

  test('rows may have any length', () => {
    const lengths = tf.exp(normal(rngFromSeed(3), [10, 1], 0, 3));
    expect(lossOf(p.mul(lengths), t.div(lengths))).toBeCloseTo(lossOf(p, t), 5);
  });

  test('it is the mean over images: a batch twice over has the same loss', () => {
    expect(lossOf(p.tile([2, 1]), t.tile([2, 1]))).toBeCloseTo(lossOf(p, t), 6);
  });

  test('the order of the images does not matter; who is whose partner does', () => {
    const order = tf.tensor1d([3, 0, 5, 1, 4, 2, 9, 8, 7, 6], 'int32');
    expect(lossOf(tf.gather(p, order), tf.gather(t, order))).toBeCloseTo(lossOf(p, t), 6);
    expect(Math.abs(lossOf(tf.gather(p, order), t) - lossOf(p, t))).toBeGreaterThan(0.05);
  });

  test('the gradient of a row is at right angles to the row, and a step against it lowers the loss', () => {
    const gradient = gradientOf(p, t);
    expect(gradient.mul(p).sum(1).abs().max().dataSync()[0]).toBeLessThan(1e-6);
    expect(lossOf(p.sub(gradient), t)).toBeLessThan(lossOf(p, t) - 0.01);
  });

  test('the target gets no gradient', () => {
    const both = tf.grads(((x: Tensor, y: Tensor) => negativeCosineSimilarity(x, y).add(y.sum().mul(0))) as never)([
      p,
      t,
    ] as never);
    expect((both[1] as Tensor).abs().max().dataSync()[0]).toBe(0);
  });

  test('a row of zeros has a finite loss and gradient', () => {
    expect(lossOf(tf.zeros([2, 3]), rows(2, 3))).toBeCloseTo(0, 5);
    expect(
      gradientOf(tf.zeros([2, 3]), rows(2, 3))
        .isFinite()
        .all()
        .dataSync()[0],
    ).toBe(1);
  });
});

test('the gradient is that of central differences', () => {
  const target = rows(4, 6, 2);
  expect(gradientError(p => negativeCosineSimilarity(p!, target), [rows(4, 6)])).toBeLessThan(1e-2);
});

test('compiled it is the same', async () => {
  const [p, t] = [rows(5, 4), rows(5, 4, 2)];
  const run = compile((x: Tensor, y: Tensor) => negativeCosineSimilarity(x, y));
  expect((await run(p, t)).dataSync()[0]).toBeCloseTo(lossOf(p, t), 6);
  run.dispose();
});

test.each([
  [
    [5, 4],
    [4, 4],
  ],
  [
    [5, 4],
    [5, 3],
  ],
  [[8], [8]],
  [
    [2, 4, 4],
    [2, 4, 4],
  ],
  [
    [0, 4],
    [0, 4],
  ],
])('predictions of shape [%s] with targets of shape [%s] are refused', (p, t) => {
  expect(() => negativeCosineSimilarity(tf.zeros(p), tf.zeros(t))).toThrow(ShapeError);
  expect(() => negativeCosineSimilarity(tf.zeros(p), tf.zeros(t))).toThrow(
    `must both be [B, P]; got [${p}] and [${t}]`,
  );
});

describe('dimensionsOf', () => {
  test.each([
    [
      '1 of rows on a line',
      tf.tensor2d([
        [1, 2],
        [2, 4],
        [-3, -6],
      ]),
      1,
    ],
    ['3 of a cloud that is alike in 3 dimensions', tf.eye(4), 3],
    [
      '2 of equal variances along 2 axes',
      tf.tensor2d([
        [1, 0, 5],
        [-1, 0, 5],
        [0, 1, 5],
        [0, -1, 5],
      ]),
      2,
    ],
    [
      '25/17 of variances 4 and 1',
      tf.tensor2d([
        [2, 0],
        [-2, 0],
        [0, 1],
        [0, -1],
      ]),
      25 / 17,
    ],
    ['0 of one point', tf.ones([5, 3]), 0],
  ])('%s', (_, points, expected) => {
    expect(dimensionsOf(points).dataSync()[0]).toBeCloseTo(expected, 4);
  });

  test('of many rows the first 256 count', () => {
    const many = rows(300, 4);
    expect(dimensionsOf(many).dataSync()[0]).toBeCloseTo(dimensionsOf(many.slice([0, 0], [256, -1])).dataSync()[0]!, 5);
  });
});
