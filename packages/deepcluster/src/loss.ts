import { ConfigError, ShapeError, softmaxCrossEntropy, type Tensor, tf } from '@ssl/core';

export interface DeepClusterLossOptions {
  /** τ, above 0. */
  readonly temperature: number;
}

/**
 * DeepCluster v2 (arXiv:2006.09882 appendix; main_deepclusterv2.py): the cross-entropy of each head's similarities with the centroids, with the clusters
 * that the images were found in; the mean over rows, then over heads.
 * @param scores of each head, `[N, K]`, similarities of unit vectors with its centroids
 * @param assignments of each head, `[N]` int32, each in `[0, K)`
 * @returns scalar; the mean of ln K over heads when no cluster is told from another
 * @throws ShapeError when there is no head, or scores and assignments do not go together; ConfigError when the temperature is not above 0
 */
export function deepClusterLoss(
  scores: readonly Tensor[],
  assignments: readonly Tensor[],
  { temperature }: DeepClusterLossOptions,
): Tensor {
  const fits = scores.every(
    ({ shape, rank, size }, i) => rank === 2 && size > 0 && assignments[i]?.shape.join() === `${shape[0]}`,
  );
  if (scores.length === 0 || assignments.length !== scores.length || !fits) {
    const shapes = (tensors: readonly Tensor[]): string =>
      tensors.map(({ shape }) => `[${shape}]`).join(', ') || 'none';
    throw new ShapeError(
      `deepClusterLoss: every head must have scores [N, K] and assignments [N]; got ${shapes(scores)} and ${shapes(assignments)}`,
    );
  }
  if (!(temperature > 0)) {
    throw new ConfigError(`deepClusterLoss: temperature must be above 0; got ${temperature}; 0.1 is usual`);
  }
  const heads = scores.map((each, i) => softmaxCrossEntropy(each.div(temperature), assignments[i]!));
  return tf.addN(heads).div(heads.length);
}
