import { ShapeError } from '../errors.ts';
import { kernel } from '../tensor/fused.ts';
import { customGrad, type InputGradient } from '../tensor/native.ts';
import type { Tensor } from '../tensor/tf.ts';
import { sumOfRows } from './activation.ts';
import { reshape } from './reshape.ts';

export interface BranchOptions {
  /** `[D]`: scales what is added (arXiv:2103.17239). */
  readonly scale?: Tensor | undefined;
  /** `[B, 1, …]`: and this too, image by image; without a gradient. */
  readonly kept?: Tensor | undefined;
}

/**
 * The end of a residual block in one pass over memory: x + (branch + bias) · scale · kept.
 * @param x `[B, …, D]`
 * @param branch as many values as x, rows of width D
 * @param bias `[D]`
 */
export function addBranch(x: Tensor, branch: Tensor, bias: Tensor, { scale, kept }: BranchOptions = {}): Tensor {
  const D = x.shape.at(-1)!;
  if (branch.size !== x.size || bias.shape.join() !== `${D}` || (scale && scale.shape.join() !== `${D}`)) {
    throw new ShapeError(
      `addBranch: takes x […, D], as large a branch, and [D]; got [${x.shape}], [${branch.shape}], [${bias.shape}]${scale ? `, [${scale.shape}]` : ''}`,
    );
  }
  const inputs = [x, reshape(branch, x.shape), bias, ...(scale ? [scale] : [])];
  const factors = (rest: readonly Tensor[]): readonly Tensor[] => (kept ? [...rest, kept] : rest);
  return customGrad(inputs, (a, y, b, ...rest) => ({
    value: sum([a!, y!, b!, ...factors(rest)])[0]!,
    saved: [...(scale ? [y!, b!, ...rest] : []), ...(kept ? [kept] : [])],
    gradient: (dy, saved): InputGradient[] => {
      if (!scale) {
        const d = kept ? dy.mul(saved[0]!) : dy;
        return [dy, d, () => sumOfRows(d)];
      }
      const [values, offset, ...all] = saved;
      const [d, product] = scaledGradient([dy, values!, offset!, ...all]) as [Tensor, Tensor];
      return [dy, d, () => sumOfRows(d), () => sumOfRows(product)];
    },
  }));
}

const product = (first: Tensor, factors: readonly Tensor[]): Tensor =>
  factors.reduce((y, factor) => y.mul(factor), first);

const sum = kernel('branch', (x, y, bias, ...factors) => [x!.add(product(y!.add(bias!), factors))]);

/** Of the branch, and what summed up is that of the scale. */
const scaledGradient = kernel('branch_gradient', (dy, y, bias, scale, ...kept) => {
  const d = product(dy!, kept);
  return [d.mul(scale!), d.mul(y!.add(bias!))];
});
