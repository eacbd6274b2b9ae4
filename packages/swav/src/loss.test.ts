import { ConfigError, compile, inContext, normal, rngFromSeed, ShapeError, softmax, type Tensor, tf } from '@ssl/core';
import { acrossRanks, describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { sinkhorn, swavLoss } from './index.ts';
import { parity } from './parity.ts';

describeParity('swav', parity);

const rows = (count: number, width: number, seed: number): Tensor => normal(rngFromSeed(seed), [count, width]);
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const distance = (a: Tensor, b: Tensor): number => value(a.sub(b).abs().max());
const usual = { epsilon: 0.05, iterations: 3 };

describe('assignments', () => {
  test('scores that are all alike give every prototype the same share', () => {
    expect(distance(sinkhorn(tf.fill([5, 4], 0.3), usual), tf.fill([5, 4], 0.25))).toBeLessThan(1e-6);
  });

  test('2 images and 2 prototypes: the odds are those of the product of the diagonal over that of the rest', () => {
    // After balancing, q11 / q12 = √(e^((a + d − b − c) / ε)).
    const [a, b, c, d] = [0.3, 0.1, 0.25, 0.2];
    const [first] = sinkhorn(tf.tensor2d([a, b, c, d], [2, 2]), { epsilon: 0.05, iterations: 50 }).dataSync();
    const odds = Math.exp((a + d - b - c) / 0.05 / 2);
    expect(first).toBeCloseTo(odds / (1 + odds), 5);
  });

  test('rows sum to 1 and, after many iterations, prototypes have equal shares', () => {
    const q = sinkhorn(rows(12, 4, 1), { epsilon: 0.5, iterations: 100 });
    expect(distance(q.sum(1), tf.ones([12]))).toBeLessThan(1e-5);
    expect(distance(q.sum(0), tf.fill([4], 3))).toBeLessThan(1e-4);
  });

  test('a score more for all images of a prototype changes nothing: shares stay equal', () => {
    const scores = rows(8, 3, 2);
    const more = scores.add(tf.tensor2d([5, -2, 0], [1, 3]));
    expect(distance(sinkhorn(more, usual), sinkhorn(scores, usual))).toBeLessThan(1e-4);
  });

  test.each([1e-3, 1e-5])('an epsilon of %d is not too small', epsilon => {
    const q = sinkhorn(rows(8, 6, 3), { epsilon, iterations: 3 });
    expect(distance(q.sum(1), tf.ones([8]))).toBeLessThan(1e-5);
  });

  test('three ranks with a queue that they share assign as one does', () => {
    const [scores, queue] = [rows(9, 5, 4), rows(7, 5, 5)];
    const each = acrossRanks(3, rank => sinkhorn(tf.slice(scores, 3 * rank, 3), { ...usual, queue }));
    expect(distance(tf.concat(each), sinkhorn(scores, { ...usual, queue }))).toBeLessThan(1e-5);
    const both = sinkhorn(tf.concat([scores, queue]), usual);
    expect(distance(sinkhorn(scores, { ...usual, queue }), tf.slice(both, 0, 9))).toBeLessThan(1e-6);
  });

  test('a queue that does not count changes nothing, whatever is in it', () => {
    const scores = rows(6, 5, 6);
    const of = (used: number): Tensor =>
      sinkhorn(scores, { ...usual, queue: rows(9, 5, 7).mul(3), queueUsed: tf.scalar(used) });
    expect(distance(of(0), sinkhorn(scores, usual))).toBeLessThan(1e-6);
    expect(distance(of(1), sinkhorn(scores, usual))).toBeGreaterThan(0.01);
  });
});

describe('the loss', () => {
  const views = [1, 2, 3].map(seed => rows(6, 5, seed));
  const assignments = views.slice(0, 2).map(view => sinkhorn(view, usual));
  const loss = (...given: Tensor[]): Tensor => swavLoss(given, assignments, { temperature: 0.7 });

  test('scores that are all alike leave ln K', () => {
    const alike = tf.ones([6, 5]);
    expect(value(loss(alike, alike, alike))).toBeCloseTo(Math.log(5), 6);
  });

  test('predictions that are the assignments leave their entropy', () => {
    const q = softmax(rows(6, 5, 4)); //   rows sum to 1
    const expected = -value(q.mul(tf.log(q)).sum(1).mean());
    expect(value(swavLoss([tf.log(q), tf.log(q)], [q, q], { temperature: 1 }))).toBeCloseTo(expected, 5);
  });

  test('a view does not predict its own assignments, and each pair weighs the same', () => {
    const [[a, b, c], [p, q]] = [views, assignments] as unknown as [[Tensor, Tensor, Tensor], [Tensor, Tensor]];
    const one = (scores: Tensor, target: Tensor): number =>
      -value(
        target
          .mul(tf.logSoftmax(scores.div(0.7)))
          .sum(1)
          .mean(),
      );
    const expected = (one(b, p) + one(c, p) + one(a, q) + one(c, q)) / 4;
    expect(value(loss(a, b, c))).toBeCloseTo(expected, 5);
    expect(value(swavLoss([a, b], [p], { temperature: 0.7 }))).toBeCloseTo(one(b, p), 5);
  });

  test('gradient by differences; assignments get none; compiled it is the same', async () => {
    expect(gradientError((...given) => loss(...given), views)).toBeLessThan(1e-2);
    const ofTarget = tf.grad(q => swavLoss(views, [q, q], { temperature: 1 }).add(q.sum().mul(0)) as never)(
      assignments[0]!,
    );
    expect(value(ofTarget.abs().max())).toBe(0);
    const run = compile((...given: Tensor[]) => loss(...given));
    expect(value(await run(...views))).toBeCloseTo(value(loss(...views)), 5);
    run.dispose();
  });

  test('no gradient flows through the scores that images are assigned by', () => {
    const scores = rows(4, 3, 8);
    const gradient = tf.grad(s => sinkhorn(s, usual).square().sum().add(s.sum().mul(0)) as never)(scores);
    expect(value(gradient.abs().max())).toBe(0);
    inContext({ training: true }, () => expect(sinkhorn(scores, usual).shape).toEqual([4, 3]));
  });
});

describe('what is refused', () => {
  test.each<[readonly number[][], readonly number[][], string]>([
    [[[3, 4]], [[3, 4]], 'scores must be two or more [B, K]'],
    [
      [
        [3, 4],
        [2, 4],
      ],
      [[3, 4]],
      'got [3,4], [2,4] and [3,4]',
    ],
    [
      [
        [3, 4],
        [3, 4],
      ],
      [[3, 5]],
      'got [3,4], [3,4] and [3,5]',
    ],
    [
      [
        [3, 4],
        [3, 4],
      ],
      [],
      'and none',
    ],
  ])('scores %j with assignments %j', (scores, assignments, message) => {
    const call = (): Tensor =>
      swavLoss(
        scores.map(each => tf.ones(each)),
        assignments.map(each => tf.ones(each)),
        { temperature: 1 },
      );
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });

  test.each([0, -1, Number.NaN])('temperature or epsilon of %d', wrong => {
    const scores = rows(2, 3, 1);
    expect(() => swavLoss([scores, scores], [scores], { temperature: wrong })).toThrow(
      `temperature must be above 0; got ${wrong}`,
    );
    expect(() => sinkhorn(scores, { epsilon: wrong, iterations: 3 })).toThrow(ConfigError);
  });

  test('no iterations, and a queue of other prototypes', () => {
    const scores = rows(2, 3, 1);
    expect(() => sinkhorn(scores, { epsilon: 0.05, iterations: 0 })).toThrow(
      'iterations must be a whole number of at least 1; got 0',
    );
    expect(() => sinkhorn(scores, { ...usual, queue: rows(2, 4, 1) })).toThrow('got [2,3] and [2,4]');
    expect(() => sinkhorn(tf.ones([3]), usual)).toThrow(ShapeError);
  });
});
