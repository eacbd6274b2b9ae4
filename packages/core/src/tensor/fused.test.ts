import { describe, expect, test } from 'vitest';
import { xlaAvailable } from '../engine/xla.ts';
import { EngineError } from '../errors.ts';
import { compile } from './compile.ts';
import { fused, kernel } from './fused.ts';
import { fusedSample } from './fused-sample.ts';
import { valueAndGradients, vectorJacobian } from './gradients.ts';
import { normal, rngFromSeed } from './rng.ts';
import { runInChild } from './run-in-child.ts';
import { type Tensor, tf } from './tf.ts';
import { liveTensors, Variable } from './variable.ts';

const numbers = (tensor: Tensor): number[] => [...tensor.dataSync()];
const swish = (x: Tensor, slope: Tensor): Tensor => x.mul(tf.sigmoid(x.mul(slope)));
const draw = (...shape: number[]): Tensor => normal(rngFromSeed(shape.length), shape);

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries())
    expect(Math.abs(actual[i]! - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
}

describe('fused', () => {
  test('runs as a kernel here', () => {
    expect(xlaAvailable()).toBe(true); // else the tests below compare the plain ops with themselves
  });

  test.each([[[4]], [[2, 3]], [[2, 3, 5]], [[1000, 7]]])(
    'gives the values and gradients of the plain ops, for %j',
    shape => {
      const op = fused(swish, { name: 'swish' });
      const [x, slope, dy] = [draw(...shape), tf.scalar(1.5), draw(...shape).add(1)];
      expectClose(numbers(op(x, slope)), numbers(swish(x, slope)));
      const [actual, expected] = [vectorJacobian(op, [x, slope], dy), vectorJacobian(swish, [x, slope], dy)];
      expectClose(numbers(actual[0]!), numbers(expected[0]!));
      expect(Math.abs(numbers(actual[1]!)[0]! / numbers(expected[1]!)[0]! - 1)).toBeLessThan(1e-4); // a sum of thousands
    },
  );

  test('is captured once for each combination of shapes, its gradient too', () => {
    let captures = 0;
    const op = fused(
      x => {
        captures++;
        return x.square();
      },
      { name: 'square' },
    );
    for (const shape of [[2], [3], [2], [3]]) vectorJacobian(op, [tf.ones(shape)], tf.ones(shape));
    expect(captures).toBe(4); // two values, two gradients
  });

  test.each([false, true])('may be used twice in one loss, of itself too (compiled: %s)', async compiled => {
    const op = fused(x => x.mul(x), { name: 'square' });
    const v = new Variable(tf.tensor1d([2, -1]));
    const step = (): Tensor[] => {
      const { value, gradients } = valueAndGradients(() => op(op(v.read())).add(op(v.read())).sum(), [v]);
      return [value, ...gradients]; // x⁴ + x², 4x³ + 2x
    };
    const results = compiled ? await compile(step)() : step();
    expect(results.map(numbers)).toEqual([[22], [36, -6]]);
  });

  test('takes the gradient it is given', () => {
    const op = fused(x => x.square(), { name: 'square', gradient: (dy, x) => [dy.mul(x).mul(100)] });
    expect(numbers(vectorJacobian(op, [tf.scalar(3)], tf.scalar(1))[0]!)).toEqual([300]);
  });

  test('inside another becomes part of it', async () => {
    const inner = fused(x => x.exp(), { name: 'inner' });
    const outer = fused(x => inner(x).add(inner(x.neg())), { name: 'outer' });
    const plain = (x: Tensor): Tensor => x.exp().add(x.neg().exp());
    const [x, dy] = [draw(5), tf.ones([5])];
    const step = (y: Tensor): Tensor[] => [outer(y), ...vectorJacobian(outer, [y], dy)];
    const expected = [plain(x), ...vectorJacobian(plain, [x], dy)].map(numbers);
    for (const results of [step(x), await compile(step)(x)]) {
      for (const [i, result] of results.entries()) expectClose(numbers(result), expected[i]!);
    }
  });

  test('refuses what it cannot take along', async () => {
    const large = tf.ones([200, 200]);
    const v = new Variable(tf.scalar(2));
    for (const outside of [() => large.sum(), () => v.read()]) {
      const op = fused(x => x.mul(outside()), { name: 'greedy' });
      const before = liveTensors();
      expect(() => op(tf.scalar(1))).toThrow(EngineError);
      expect(() => op(tf.scalar(1))).toThrow(
        /^greedy: must only use its arguments and small constants; it uses 1 variables or large/,
      );
      expect(liveTensors() - before).toBeLessThan(4); // the scalars
    }
    const leaky = compile((x: Tensor) => {
      const between = x.add(1);
      return fused(y => y.mul(between), { name: 'leaky' })(x);
    });
    await expect(leaky(tf.scalar(1))).rejects.toThrow(
      /^leaky_\d+: must only use its arguments; it uses the output of op 'Add/,
    );
    expect(numbers(fused(x => x.mul(tf.scalar(3)), { name: 'modest' })(tf.scalar(2)))).toEqual([6]);
  });

  test('kernel gives several results, of several types, and leaves nothing else behind', async () => {
    const op = kernel('both', (x, y) => [x.add(y), x.greater(y).cast('int32')]);
    const [x, y] = [draw(2, 3).add(0), tf.zeros([3]).add(0)];
    const before = liveTensors();
    const eager = op([x, y]);
    expect(liveTensors()).toBe(before + 2);
    expect(eager.map(({ dtype }) => dtype)).toEqual(['float32', 'int32']);
    const compiled = await compile((a: Tensor, b: Tensor) => op([a, b]))(x, y);
    expect(compiled.map(numbers)).toEqual(eager.map(numbers));
    expect(numbers(eager[1]!)).toEqual(numbers(x).map(value => (value > 0 ? 1 : 0)));
  });

  test('may bear the name of a compiled function', async () => {
    const [op, run] = [kernel('namesake', x => [x!.mul(2)]), compile((x: Tensor) => x.mul(3), 'namesake')];
    // Enough of each that they would meet, had each kind numbers of its own.
    for (let i = 1; i <= 40; i++) {
      expect(numbers(op([tf.ones([i])])[0]!)[0]).toBe(2);
      expect(numbers(await run(tf.ones([i])))[0]).toBe(3);
    }
    run.dispose();
  });

  test('without XLA gives the same numbers', async () => {
    const sample = new URL('./fused-sample.ts', import.meta.url);
    const plain = await runInChild<{ xla: boolean; numbers: number[] }>(sample, 'm.fusedSample()', { SSL_XLA: '0' });
    const here = await fusedSample();
    expect([plain.xla, here.xla]).toEqual([false, true]);
    expect(here.numbers.length).toBeGreaterThan(50);
    expectClose(plain.numbers, here.numbers);
  });
});
