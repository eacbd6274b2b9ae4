import { kernel } from '../tensor/fused.ts';
import { customGrad } from '../tensor/native.ts';
import { recomputable, recompute } from '../tensor/recompute.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

/** Φ(x), the share of a standard normal below x. */
const below = (x: Tensor): Tensor => tf.erf(x.mul(Math.SQRT1_2)).add(1).mul(0.5);

const value = kernel('gelu', x => [x!.mul(below(x!))]);

/** x·Φ(x) has the slope Φ(x) + x·φ(x). */
const slope = kernel('gelu_gradient', (dy, x) => {
  const density = tf.exp(x!.square().mul(-0.5)).mul(1 / Math.sqrt(2 * Math.PI));
  return [dy!.mul(below(x!).add(x!.mul(density)))];
});

/** x·Φ(x), exact (arXiv:1606.08415; PyTorch's default). The result is made again for whoever needs it in the backward pass. */
export function gelu(x: Tensor): Tensor {
  return customGrad([x], input => {
    const result = value([input!])[0]!;
    recomputable(result, [input!], again => value([recompute(again)])[0]!);
    return { value: result, saved: [input!], gradient: (dy, [a]) => [() => slope([dy, recompute(a!)])[0]!] };
  });
}
