import { ShapeError } from '../errors.ts';
import { kernel } from '../tensor/fused.ts';
import { customGrad } from '../tensor/native.ts';
import { recomputable, recompute } from '../tensor/recompute.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { reshape } from './reshape.ts';

/**
 * Normalises over the last axis (Ba et al. 2016, arXiv:1607.06450). Only the argument stays in memory: statistics, and the result for whoever
 * needs it, are made again in the backward pass.
 * @param x `[…, D]`
 * @param scale `[D]`
 * @param offset `[D]`
 * @param epsilon added to the variance (divided by D)
 */
export function layerNorm(x: Tensor, scale: Tensor, offset: Tensor, epsilon: number): Tensor {
  const D = x.shape.at(-1)!;
  if (x.rank < 2 || scale.shape.join() !== `${D}` || offset.shape.join() !== `${D}`) {
    throw new ShapeError(
      `layerNorm: takes x […, D], scale [D] and offset [D]; got [${x.shape}], [${scale.shape}], [${offset.shape}]`,
    );
  }
  const rows = reshape(x, [x.size / D, D]);
  const value = customGrad([rows, scale, offset], (input, gamma, beta) => {
    const make = (a: Tensor, ...rest: Tensor[]): Tensor => forward([a, ...rest, tf.scalar(epsilon)])[0]!;
    const result = make(input!, gamma!, beta!);
    recomputable(result, [input!, gamma!, beta!], (again, ...rest) => make(recompute(again!), ...rest));
    return {
      value: result,
      saved: [input!, gamma!],
      gradient: (dy, [a, g]) => backward([dy, recompute(a!), g!, tf.scalar(epsilon)]),
    };
  });
  return reshape(value, x.shape);
}

const forward = kernel('layer_norm', (x, scale, offset, epsilon) => [
  normalised(x!, epsilon!).unit.mul(scale!).add(offset!),
]);

const backward = kernel('layer_norm_gradient', (dy, x, scale, epsilon) => {
  const { unit, inverse } = normalised(x!, epsilon!);
  const d = dy!.mul(scale!);
  const centred = d.sub(d.mean(-1, true)).sub(unit.mul(d.mul(unit).mean(-1, true)));
  return [centred.mul(inverse), dy!.mul(unit).sum(0), dy!.sum(0)];
});

function normalised(x: Tensor, epsilon: Tensor): { unit: Tensor; inverse: Tensor } {
  const centred = x.sub(x.mean(-1, true));
  const inverse = centred.square().mean(-1, true).add(epsilon).rsqrt();
  return { unit: centred.mul(inverse), inverse };
}
