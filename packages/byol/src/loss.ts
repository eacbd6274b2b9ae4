import { l2Normalize, ShapeError, stopGradient, type Tensor } from '@ssl/core';

/**
 * BYOL's loss in one direction (arXiv:2006.07733 eq. 2; `utils/helpers.py`, `regression_loss`): the squared distance between the
 * prediction from one view and the teacher's projection of the other, both of length 1: 2 − 2·cos. BYOL adds the same with the views
 * swapped. The target gets no gradient.
 * @param prediction `[B, P]`, of any length: rows are normalised here
 * @param target `[B, P]`, likewise; row i of both is image i
 * @returns scalar in [0, 4], the mean over images; 0 when each prediction points where its target does
 * @throws ShapeError when they are not alike, or empty
 */
export function byolLoss(prediction: Tensor, target: Tensor): Tensor {
  if (prediction.rank !== 2 || prediction.size === 0 || target.shape.join() !== prediction.shape.join()) {
    throw new ShapeError(
      `byolLoss: prediction and target must both be [B, P]; got [${prediction.shape}] and [${target.shape}]; row i of both is image i`,
    );
  }
  const [p, t] = [l2Normalize(prediction), stopGradient(l2Normalize(target))];
  return p.sub(t).square().sum(1).mean();
}
