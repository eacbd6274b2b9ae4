import {
  ConfigError,
  l2Normalize,
  logSumExpSimilarities,
  ownColumns,
  ShapeError,
  stepContext,
  stopGradient,
  type Tensor,
  tf,
} from '@ssl/core';

export interface NNCLRLossOptions {
  /** τ, above 0. Lower weighs the hardest negatives more. */
  readonly temperature: number;
}

/**
 * NNCLR (arXiv:2104.14548 eq. 3 and algorithm 1): the nearest neighbour of one view's projection has to pick the other view's prediction out
 * of the predictions of all images, on all ranks. Only predictions get a gradient. Average it over both orders of the views.
 * @param neighbours `[B, P]`, of any length: rows are normalised here
 * @param predictions `[B, P]`, likewise
 * @returns scalar, the mean over images; ln B when all predictions point one way
 * @throws ShapeError when the two are not alike, or of fewer than 2 images
 * @throws ConfigError when the temperature is not above 0
 */
export function nnclrLoss(neighbours: Tensor, predictions: Tensor, { temperature }: NNCLRLossOptions): Tensor {
  if (predictions.rank !== 2 || predictions.size === 0 || neighbours.shape.join() !== predictions.shape.join()) {
    throw new ShapeError(
      `nnclrLoss: neighbours and predictions must both be [B, P]; got [${neighbours.shape}] and [${predictions.shape}]; row i of both is image i`,
    );
  }
  if (!(temperature > 0)) {
    throw new ConfigError(`nnclrLoss: temperature must be above 0; got ${temperature}; 0.1 is usual`);
  }
  const { world } = stepContext();
  const [n, p] = [stopGradient(l2Normalize(neighbours)), l2Normalize(predictions)];
  const candidates = world.gather(p); //                                                  [B · ranks, P]
  const rows = p.shape[0]!;
  if (candidates.shape[0]! < 2) {
    throw new ShapeError(`nnclrLoss: needs 2 images or more, to be told apart; got [${predictions.shape}]`);
  }
  const positive = n.mul(p).sum(1).div(temperature); //                                   [B]
  const exclude = ownColumns(rows, { offset: world.rank * rows });
  const others = logSumExpSimilarities(n, candidates, { temperature, exclude }); //       [B]
  return tf.softplus(others.sub(positive)).mean();
}
