import { kernel } from '../tensor/fused.ts';
import { customGrad } from '../tensor/native.ts';
import { recomputable, recompute } from '../tensor/recompute.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { sumOfRows } from './activation.ts';

/** Φ(x), the share of a standard normal below x. */
const below = (x: Tensor): Tensor => tf.erf(x.mul(Math.SQRT1_2)).add(1).mul(0.5);

const shifted = ([x, bias]: readonly Tensor[]): Tensor => (bias ? x!.add(bias) : x!);

const value = kernel('gelu', (...inputs) => {
  const x = shifted(inputs);
  return [x.mul(below(x))];
});

/** x·Φ(x) has the slope Φ(x) + x·φ(x). */
const slope = kernel('gelu_gradient', (dy, ...inputs) => {
  const x = shifted(inputs);
  const density = tf.exp(x.square().mul(-0.5)).mul(1 / Math.sqrt(2 * Math.PI));
  return [dy!.mul(below(x).add(x.mul(density)))];
});

/**
 * y·Φ(y), exact (arXiv:1606.08415; PyTorch's default), of y = x, or x + bias in the same pass. Only x stays in memory; the result is made
 * again for whoever needs it in the backward pass.
 * @param x `[…, D]`
 * @param bias `[D]`
 */
export function gelu(x: Tensor, bias?: Tensor): Tensor {
  return customGrad(bias ? [x, bias] : [x], (...inputs) => {
    const result = value(inputs)[0]!;
    recomputable(result, inputs, (again, ...rest) => value([recompute(again!), ...rest])[0]!);
    const gradient = (dy: Tensor, [a, ...rest]: Tensor[]): Tensor[] => {
      const dx = slope([dy, recompute(a!), ...rest])[0]!;
      return bias ? [dx, sumOfRows(dx)] : [dx];
    };
    return { value: result, saved: inputs, gradient };
  });
}
