import { describe, expect, test } from 'vitest';
import { compile } from './compile.ts';
import { valueAndGradients } from './gradients.ts';
import { byteTensor, customGrad, dtypeOf, fromBytes, nativeOp, nativeOps } from './native.ts';
import { type Tensor, tf } from './tf.ts';
import { liveTensors, Variable } from './variable.ts';

const numbers = (tensor: Tensor): number[] => [...tensor.dataSync()];

test('ops of the library run by their names, with one result or several', () => {
  const x = tf.tensor1d([3, 1, 2]);
  expect(numbers(nativeOp('Erfinv', [tf.zeros([2])], { T: { dtype: 'float32' } }))).toEqual([0, 0]);
  const types = { T: { dtype: 'float32' }, sorted: true } as const;
  expect(nativeOps('TopKV2', [x, tf.scalar(2, 'int32')], types, 2).map(numbers)).toEqual([
    [3, 2],
    [0, 2],
  ]);
});

describe('bytes', () => {
  test('take a byte each and become numbers in the graph', async () => {
    const bytes = byteTensor(Uint8Array.of(0, 7, 255, 128), [2, 2]);
    expect([bytes.shape, dtypeOf(bytes)]).toEqual([[2, 2], 4]);
    expect(numbers(fromBytes(bytes))).toEqual([0, 7, 255, 128]);
    expect(numbers(await compile((x: Tensor) => fromBytes(x).div(255))(bytes))[2]).toBe(1);
    expect(() => byteTensor(Uint8Array.of(1), [2])).toThrow('takes 2 bytes; got 1');
  });
});

describe('customGrad', () => {
  const scaled = (x: Tensor): Tensor =>
    customGrad([x], y => ({ value: y.mul(2), saved: [y.add(0)], gradient: (dy, [kept]) => [dy.mul(kept!)] }));

  test.each([false, true])('gives its own gradient from what it saved (compiled: %s)', async compiled => {
    const v = new Variable(tf.tensor1d([3, 4]));
    const step = (): Tensor[] => valueAndGradients(() => scaled(v.read()).sum(), [v]).gradients;
    const [gradient] = compiled ? await compile(step)() : step();
    expect(numbers(gradient!)).toEqual([3, 4]);
  });

  test('outside of a gradient saves nothing', () => {
    const x = tf.ones([2]).add(0);
    const before = liveTensors();
    const result = scaled(x);
    expect(liveTensors()).toBe(before + 1);
    result.dispose();
  });
});
