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

export interface InfoNCEOptions {
  /** τ, above 0. Lower weighs the hardest negatives more. */
  readonly temperature: number;
}

/**
 * InfoNCE with a queue (arXiv:1911.05722 eq. 1): each query has to tell its own key from all keys in the queue. Only queries get a
 * gradient. The `[B, K]` similarities are not kept.
 * @param query `[B, P]`, of any length: rows are normalised here
 * @param keys `[B, P]`, the positives, likewise
 * @param queue `[K, P]`, the negatives, taken as they are: rows of length 1
 * @returns scalar, the mean over queries; ln(K + 1) when all rows point one way
 * @throws ShapeError when queries and keys are not alike, or the queue is of another width or empty
 * @throws ConfigError when the temperature is not above 0
 */
export function infoNCE(query: Tensor, keys: Tensor, queue: Tensor, { temperature }: InfoNCEOptions): Tensor {
  check('infoNCE', query, keys, temperature);
  if (queue.rank !== 2 || queue.shape[1] !== query.shape[1] || queue.size === 0) {
    throw new ShapeError(`infoNCE: the queue must be [K, ${query.shape[1]}] with K at least 1; got [${queue.shape}]`);
  }
  const [q, k] = [l2Normalize(query), stopGradient(l2Normalize(keys))];
  const positive = q.mul(k).sum(1).div(temperature); //                                            [B]
  const negatives = logSumExpSimilarities(q, stopGradient(queue), { temperature, fixedColumns: true }); // [B]
  return tf.softplus(negatives.sub(positive)).mean();
}

/**
 * InfoNCE among the keys of the batch, MoCo v3's (arXiv:2104.02057 alg. 1): each query has to pick its own key out of those of all
 * images, on all ranks. Times 2τ, as in the code (`moco/builder.py`, `contrastive_loss`): so the gradient depends less on τ. Only queries
 * get a gradient.
 * @param query `[B, P]`, of any length: rows are normalised here
 * @param keys `[B, P]`, likewise
 * @returns scalar, the mean over queries; 2τ·ln B when all rows point one way
 * @throws ShapeError when queries and keys are not alike, or of fewer than 2 images
 * @throws ConfigError when the temperature is not above 0
 */
export function infoNCEInBatch(query: Tensor, keys: Tensor, { temperature }: InfoNCEOptions): Tensor {
  check('infoNCEInBatch', query, keys, temperature);
  const [q, k] = [l2Normalize(query), stopGradient(l2Normalize(keys))];
  const { world } = stepContext();
  const candidates = world.gather(k); //                                                           [B · ranks, P]
  if (candidates.shape[0]! < 2) {
    throw new ShapeError(`infoNCEInBatch: needs 2 images or more, to be told apart; got [${query.shape}]`);
  }
  const positive = q.mul(k).sum(1).div(temperature); //                                            [B]
  const exclude = ownColumns(q.shape[0]!, { offset: world.rank * q.shape[0]! });
  const others = logSumExpSimilarities(q, candidates, { temperature, fixedColumns: true, exclude }); // [B]
  return tf
    .softplus(others.sub(positive))
    .mean()
    .mul(2 * temperature);
}

function check(who: string, query: Tensor, keys: Tensor, temperature: number): void {
  if (query.rank !== 2 || query.size === 0 || keys.shape.join() !== query.shape.join()) {
    throw new ShapeError(
      `${who}: queries and keys must both be [B, P]; got [${query.shape}] and [${keys.shape}]; row i of both is image i`,
    );
  }
  if (!(temperature > 0))
    throw new ConfigError(`${who}: temperature must be above 0; got ${temperature}; 0.2 is usual`);
}
