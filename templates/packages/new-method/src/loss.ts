import {
  ConfigError,
  l2Normalize,
  logSumExpSimilarities,
  ownColumns,
  ShapeError,
  stepContext,
  type Tensor,
  tf,
} from '@ssl/core';

/**
 * How far apart the two views of an image are (arXiv:2005.10242 eq. 5, α = 2): the mean squared distance of unit vectors, 0 to 4.
 * @param a `[B, P]`, of any length: rows are normalised here
 * @param b `[B, P]`, row `i` the other view of the image of `a`'s
 * @returns scalar
 * @throws ShapeError when they are no two views of the same images
 */
export function alignment(a: Tensor, b: Tensor): Tensor {
  checkViews('alignment', a, b);
  return l2Normalize(a).sub(l2Normalize(b)).square().sum(1).mean();
}

/**
 * How evenly images lie on the sphere (arXiv:2005.10242 eq. 6): log mean exp(−t·‖x − y‖²) over all pairs of images, of every rank. 0 when all are
 * one, lower the more even. Memory grows with B, not B².
 * @param z `[B, P]`, of any length
 * @param sharpness t, above 0
 * @returns scalar
 * @throws ShapeError when there are fewer than two rows, ConfigError when the sharpness is not above 0
 */
export function uniformity(z: Tensor, sharpness: number): Tensor {
  if (z.rank !== 2 || z.shape[0]! < 2)
    throw new ShapeError(`uniformity: z must be [B, P] with B at least 2; got [${z.shape}]`);
  if (!(sharpness > 0))
    throw new ConfigError(`uniformity: sharpness must be above 0; got ${sharpness}; change sharpness`);
  const { world } = stepContext();
  const unit = l2Normalize(z);
  const rows = unit.shape[0]!;
  const all = world.size === 1 ? unit : world.gather(unit); //                  the same tensor where there is one rank: half the work
  const exclude = ownColumns(rows, { offset: world.rank * rows });
  // −t·‖x − y‖² = 2t·x·y − 2t, for rows of length 1.
  const sums = logSumExpSimilarities(unit, all, { temperature: 1 / (2 * sharpness), exclude }); // [B]
  const pairs = all.shape[0]! * (all.shape[0]! - 1);
  return tf.logSumExp(world.gather(sums)).sub(2 * sharpness + Math.log(pairs));
}

export interface NewMethodLossOptions {
  /** t of the uniformity term, above 0. */
  readonly sharpness: number;
  /** Weight of the uniformity term. */
  readonly uniformity: number;
}

/** The loss, a scalar, with its terms. */
export interface NewMethodTerms {
  readonly loss: Tensor;
  readonly alignment: Tensor;
  /** The mean over both views. */
  readonly uniformity: Tensor;
}

/**
 * Alignment of the views and uniformity of each, and their weighted sum.
 * @param a `[B, P]` first views
 * @param b `[B, P]` second views
 */
export function newMethodTerms(a: Tensor, b: Tensor, options: NewMethodLossOptions): NewMethodTerms {
  const close = alignment(a, b);
  const even = uniformity(a, options.sharpness).add(uniformity(b, options.sharpness)).div(2);
  return { loss: close.add(even.mul(options.uniformity)), alignment: close, uniformity: even };
}

/** The method's loss alone: see {@link newMethodTerms}. @returns scalar */
export function newMethodLoss(a: Tensor, b: Tensor, options: NewMethodLossOptions): Tensor {
  return newMethodTerms(a, b, options).loss;
}

function checkViews(who: string, a: Tensor, b: Tensor): void {
  if (a.rank === 2 && a.shape.join() === b.shape.join()) return;
  throw new ShapeError(`${who}: views must be two of the same shape [B, P]; got [${a.shape}] and [${b.shape}]`);
}
