import { expect, test } from 'vitest';
import { ConfigError, ShapeError } from '../errors.ts';
import { compile } from '../tensor/compile.ts';
import { rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { queue } from './queue.ts';

const rowsOf = (first: number, count: number): Tensor =>
  tf
    .range(first, first + count)
    .expandDims(1)
    .tile([1, 2]);
const firstColumn = (x: Tensor): number[] => (x.arraySync() as number[][]).map(row => row[0]!);

test('starts with rows of length 1', () => {
  const { read } = queue(50, 8, { rng: rngFromSeed(1) });
  for (const length of read().square().sum(1).dataSync()) expect(length).toBeCloseTo(1, 5);
});

test('replaces the oldest rows and goes round, also where the batch does not divide its length', () => {
  const keys = queue(5, 2, { rng: rngFromSeed(1) });
  keys.enqueue(rowsOf(0, 5));
  keys.enqueue(rowsOf(5, 3));
  expect(firstColumn(keys.read())).toEqual([5, 6, 7, 3, 4]);
  expect([...keys.places(3).dataSync()]).toEqual([3, 4, 0]);
  keys.enqueue(rowsOf(8, 3));
  expect(firstColumn(keys.read())).toEqual([10, 6, 7, 8, 9]);
});

test('what was read before stays, compiled too', async () => {
  const keys = queue(4, 2, { rng: rngFromSeed(1) });
  keys.enqueue(rowsOf(0, 4));
  const step = compile((rows: Tensor) => {
    const before = keys.read();
    keys.enqueue(rows);
    return [before.mul(1), keys.read().mul(1)];
  });
  const [before, after] = (await step(rowsOf(10, 3))) as [Tensor, Tensor];
  expect([firstColumn(before), firstColumn(after)]).toEqual([
    [0, 1, 2, 3],
    [10, 11, 12, 3],
  ]);
  const [again] = (await step(rowsOf(20, 3))) as [Tensor];
  expect(firstColumn(again)).toEqual([10, 11, 12, 3]);
  expect(firstColumn(keys.read())).toEqual([21, 22, 12, 20]);
  step.dispose();
});

test('what it refuses', () => {
  expect(() => queue(0, 2, { rng: rngFromSeed(1) })).toThrow(ConfigError);
  const keys = queue(4, 2, { rng: rngFromSeed(1) });
  expect(() => keys.enqueue(rowsOf(0, 5))).toThrow(ShapeError);
  expect(() => keys.enqueue(tf.zeros([2, 3]))).toThrow('takes [N, 2] with N at most 4; got [2,3]');
});
