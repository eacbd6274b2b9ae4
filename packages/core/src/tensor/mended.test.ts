import { describe, expect, test } from 'vitest';
import { EngineError } from '../errors.ts';
import { differences } from './both-ways.ts';
import { stopGradient, vectorJacobian } from './gradients.ts';
import { normal, rngFromSeed } from './rng.ts';
import { type Tensor, tf } from './tf.ts';

const other = tf.tensor([0.3, -0.6, 0.9, 0.2, -0.4, 0.7], [2, 3]);
const weights = normal(rngFromSeed(3), [40]);
const indices = tf.tensor2d(
  [
    [0, 2, 2],
    [1, 0, 0],
  ],
  undefined,
  'int32',
);

describe('mended gradients are those of small differences:', () => {
  test.each<[string, number[], (x: Tensor) => Tensor | Tensor[]]>([
    ['maximum, broadcast', [3], x => tf.maximum(other, x)],
    ['minimum, broadcast', [2, 1], x => tf.minimum(x, other)],
    ['squaredDifference, broadcast', [3], x => tf.squaredDifference(other, x.expandDims(0))],
    ['matMul of a batch and a matrix', [3, 2], x => tf.matMul(tf.stack([other, other.mul(2)]), x)],
    ['matMul of a matrix and a batch', [2, 2], x => tf.matMul(x, tf.stack([other, other.mul(2)]))],
    ['cumsum over the first axis', [4, 2], x => tf.cumsum(x, 0)],
    ['cumsum from behind, exclusive', [2, 3, 2], x => tf.cumsum(x, 1, true, true)],
    ['gather', [3, 2], x => tf.gather(x, indices)],
    ['gather in batches', [2, 3], x => tf.gather(x, indices, 1, 1)],
    ['unsortedSegmentSum', [3, 2], x => tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1], 'int32'), 2)],
    ['split and unstack into one', [1, 3], x => [...tf.split(x.square(), 1), ...tf.unstack(x.exp())]],
    ['a mask that depends on the input', [2, 3], x => tf.where(tf.logicalNot(x.greater(0.1)), x.square(), x)],
    ['divNoNan', [2, 3], x => tf.divNoNan(other, x)],
  ])('%s', (_, shape, body) => {
    const loss = (x: Tensor): Tensor => {
      const results = [body(x)].flat().map(result => result.reshape([-1]));
      const flat = tf.concat(results);
      return flat.mul(weights.slice(0, flat.size)).sum();
    };
    const x = normal(rngFromSeed(5), shape, 0.4, 0.8);
    const [gradient] = vectorJacobian(loss, [x], tf.scalar(1));
    expect(gradient!.shape).toEqual(shape);
    const expected = differences(loss, x, 1e-3);
    for (const [i, value] of [...gradient!.dataSync()].entries()) expect(value).toBeCloseTo(expected[i]!, 2);
  });
});

test('stopGradient keeps the values and hides where they came from', () => {
  const x = tf.tensor1d([2, 3]);
  const [gradient] = vectorJacobian(y => y.mul(stopGradient(y.square())).sum(), [x], tf.scalar(1));
  expect([...gradient!.dataSync()]).toEqual([4, 9]);
  const stopped = stopGradient(x);
  x.dispose();
  expect([...stopped.dataSync()]).toEqual([2, 3]);
});

test('gather says which index is outside', () => {
  expect(() => tf.gather(tf.ones([3, 2]), tf.tensor1d([0, 3], 'int32'))).toThrow(EngineError);
  expect(() => tf.gather(tf.ones([3, 2]), tf.tensor1d([0, 3], 'int32'))).toThrow(
    /op 'GatherV2' .*indices\[1\] = 3 is not in \[0, 3\)/,
  );
});
