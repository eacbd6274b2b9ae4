import { ConfigError, compile, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { describeParity, gradientError } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { deepClusterLoss } from './index.ts';
import { parity } from './parity.ts';

describeParity('deepcluster', parity);

const rows = (count: number, width: number, seed: number): Tensor => normal(rngFromSeed(seed), [count, width]);
const labels = (...values: number[]): Tensor => tf.tensor1d(values, 'int32');
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;

test('scores that are all alike leave the mean of ln K over heads', () => {
  const loss = deepClusterLoss([tf.ones([3, 4]), tf.ones([3, 9])], [labels(0, 1, 2), labels(8, 0, 1)], {
    temperature: 0.1,
  });
  expect(value(loss)).toBeCloseTo((Math.log(4) + Math.log(9)) / 2, 6);
});

test('one row of two clusters, by hand', () => {
  const loss = deepClusterLoss([tf.tensor2d([0.3, 0.1], [1, 2])], [labels(0)], { temperature: 0.1 });
  expect(value(loss)).toBeCloseTo(Math.log(1 + Math.exp(-2)), 6);
});

test('gradient by differences; the order of rows does not matter; compiled it is the same', async () => {
  const [a, b] = [rows(5, 3, 1), rows(5, 4, 2)];
  const targets = [labels(0, 1, 2, 0, 1), labels(3, 2, 1, 0, 3)];
  const loss = (...given: Tensor[]): Tensor => deepClusterLoss(given, targets, { temperature: 0.5 });
  expect(gradientError((...given) => loss(...given), [a, b])).toBeLessThan(1e-2);
  const order = labels(3, 1, 4, 0, 2);
  const moved = [a, b, ...targets].map(x => tf.gather(x, order)) as Tensor[];
  expect(value(deepClusterLoss(moved.slice(0, 2), moved.slice(2), { temperature: 0.5 }))).toBeCloseTo(
    value(loss(a, b)),
    5,
  );
  const run = compile((...given: Tensor[]) => loss(...given));
  expect(value(await run(a, b))).toBeCloseTo(value(loss(a, b)), 5);
  run.dispose();
});

test('what does not go together is refused', () => {
  const call =
    (scores: Tensor[], targets: Tensor[], temperature = 1) =>
    () =>
      deepClusterLoss(scores, targets, { temperature });
  expect(call([], [])).toThrow('got none and none');
  expect(call([rows(2, 3, 1)], [labels(0)])).toThrow('got [2,3] and [1]');
  expect(call([rows(2, 3, 1), rows(2, 3, 1)], [labels(0, 1)])).toThrow(ShapeError);
  expect(call([rows(2, 3, 1)], [labels(0, 1)], 0)).toThrow(ConfigError);
});
