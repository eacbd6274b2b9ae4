import { l2Normalize, ShapeError, stopGradient, type Tensor } from '@ssl/core';

/**
 * SimSiam's loss in one direction (arXiv:2011.10566 eq. 1 and 3; `main_simsiam.py`): the negative cosine between the prediction from
 * one view and the projection of the other. SimSiam takes the mean of it and of the same with the views swapped. The target gets no
 * gradient.
 * @param prediction `[B, P]`, of any length: rows are normalised here
 * @param target `[B, P]`, likewise; row i of both is image i
 * @returns scalar in [−1, 1], the mean over images; −1 when each prediction points where its target does
 * @throws ShapeError when they are not alike, or empty
 */
export function negativeCosineSimilarity(prediction: Tensor, target: Tensor): Tensor {
  if (prediction.rank !== 2 || prediction.size === 0 || target.shape.join() !== prediction.shape.join()) {
    throw new ShapeError(
      `negativeCosineSimilarity: prediction and target must both be [B, P]; got [${prediction.shape}] and [${target.shape}]; row i of both is image i`,
    );
  }
  return l2Normalize(prediction)
    .mul(stopGradient(l2Normalize(target)))
    .sum(1)
    .mean()
    .neg();
}
