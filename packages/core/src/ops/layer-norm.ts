import { ShapeError } from '../errors.ts';
import { kernel } from '../tensor/fused.ts';
import { customGrad } from '../tensor/native.ts';
import { recomputable, recompute } from '../tensor/recompute.ts';
import type { Tensor } from '../tensor/tf.ts';
import { reshape } from './reshape.ts';

interface Kernels {
  readonly value: ReturnType<typeof kernel>;
  readonly gradient: ReturnType<typeof kernel>;
}

const made = new Map<number, Kernels>();

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
  const kernels = kernelsFor(epsilon);
  const rows = reshape(x, [x.size / D, D]);
  const value = customGrad([rows, scale, offset], (input, gamma, beta) => {
    const result = kernels.value([input!, gamma!, beta!])[0]!;
    recomputable(result, [input!, gamma!, beta!], (again, ...rest) => kernels.value([recompute(again!), ...rest])[0]!);
    return {
      value: result,
      saved: [input!, gamma!],
      gradient: (dy, [a, g]) => kernels.gradient([dy, recompute(a!), g!]),
    };
  });
  return reshape(value, x.shape);
}

/** One pair of kernels for each epsilon, which is a constant in them. */
function kernelsFor(epsilon: number): Kernels {
  let found = made.get(epsilon);
  if (!found) {
    found = {
      value: kernel('layer_norm', (x, scale, offset) => [normalised(x!, epsilon).unit.mul(scale!).add(offset!)]),
      gradient: kernel('layer_norm_gradient', (dy, x, scale) => {
        const { unit, inverse } = normalised(x!, epsilon);
        const d = dy!.mul(scale!);
        const centred = d.sub(d.mean(-1, true)).sub(unit.mul(d.mul(unit).mean(-1, true)));
        return [centred.mul(inverse), dy!.mul(unit).sum(0), dy!.sum(0)];
      }),
    };
    made.set(epsilon, found);
  }
  return found;
}

function normalised(x: Tensor, epsilon: number): { unit: Tensor; inverse: Tensor } {
  const centred = x.sub(x.mean(-1, true));
  const inverse = centred.square().mean(-1, true).add(epsilon).rsqrt();
  return { unit: centred.mul(inverse), inverse };
}
