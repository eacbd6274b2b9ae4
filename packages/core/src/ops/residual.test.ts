import { describe, expect, test, vi } from 'vitest';
import { binding } from '../engine/binding.ts';
import { nativeOp } from '../tensor/native.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { addRelu, relu, twice } from './activation.ts';
import { maxPool } from './pool.ts';

const rng = rngFromSeed(21);
/** Largest difference, by the largest value. */
const relativeError = (actual: Tensor, expected: Tensor): number =>
  actual.sub(expected).abs().max().div(expected.abs().max()).dataSync()[0]!;
const gradients = (fn: (...inputs: Tensor[]) => Tensor, inputs: Tensor[], dy: Tensor): Tensor[] =>
  tf.grads(fn as never)(inputs, dy);

// Just below the size from which ops are one kernel, and above it.
describe.each([
  ['small', 30],
  ['large', 66],
])('%s images', (_, size) => {
  const shape = [2, size, size, 32];
  const [a, b, c, dy] = [0, 1, 2, 3].map(() => normal(rng, shape)) as [Tensor, Tensor, Tensor, Tensor];

  test('the sum of a residual block and its ReLU, in one op', () => {
    const plain = (x: Tensor, y: Tensor): Tensor => relu(x.add(y));
    expect(relativeError(addRelu(a, b), plain(a, b))).toBe(0);
    const [actual, expected] = [gradients(addRelu, [a, b], dy), gradients(plain, [a, b], dy)];
    for (const [i, gradient] of expected.entries()) expect(relativeError(actual[i]!, gradient)).toBe(0);
  });

  test('two blocks in a row, the gradients of branch and shortcut added in one pass', () => {
    const block = (x: Tensor, y: Tensor): Tensor => {
      const [branch, shortcut] = twice(x);
      return addRelu(branch.mul(y), shortcut);
    };
    const plain = (x: Tensor, y: Tensor): Tensor => relu(x.mul(y).add(x));
    const [actual, expected] = [block, plain].map(each =>
      gradients((x, y, z) => each(each(each(x, y), z), y), [a, b, c], dy),
    ) as [Tensor[], Tensor[]];
    for (const [i, gradient] of expected.entries()) expect(relativeError(actual[i]!, gradient)).toBeLessThan(1e-6);
  });

  test('what goes elsewhere as well is not forgotten', () => {
    const twoUses = (x: Tensor, y: Tensor): Tensor => {
      const first = addRelu(x, y);
      const [branch, shortcut] = twice(first);
      return branch.mul(y).add(shortcut).add(first.mul(x));
    };
    const plain = (x: Tensor, y: Tensor): Tensor => {
      const first = relu(x.add(y));
      return first.mul(y).add(first).add(first.mul(x));
    };
    const [actual, expected] = [gradients(twoUses, [a, b], dy), gradients(plain, [a, b], dy)];
    for (const [i, gradient] of expected.entries()) expect(relativeError(actual[i]!, gradient)).toBeLessThan(1e-6);
  });

  test('a pool of 3 with stride 2: the largest, and the first of equal ones, as the library has it', () => {
    const steps = a.mul(2).round(); // with many ties
    const attributes = {
      T: { dtype: 'float32' },
      ksize: { ints: [1, 3, 3, 1] },
      strides: { ints: [1, 2, 2, 1] },
      padding: 'EXPLICIT',
      explicit_paddings: { ints: [0, 0, 1, 1, 1, 1, 0, 0] },
      data_format: 'NHWC',
    } as const;
    const pool = (x: Tensor): Tensor => maxPool(x, { size: 3, stride: 2, padding: 1 });
    const pooled = nativeOp('MaxPool', [steps], attributes);
    expect(relativeError(pool(steps), pooled)).toBe(0);
    const d = normal(rng, pooled.shape);
    const executed = vi.spyOn(binding, 'executeOp');
    const [gradient] = gradients(pool, [steps], d);
    const viaLibrary = executed.mock.calls.some(([name]) => name === 'MaxPoolGrad');
    vi.restoreAllMocks();
    expect(viaLibrary).toBe(size < 64);
    expect(relativeError(gradient!, nativeOp('MaxPoolGrad', [steps, pooled, d], attributes))).toBe(0);
  });
});
