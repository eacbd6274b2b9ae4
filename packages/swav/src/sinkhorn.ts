import { ConfigError, nativeOp, ShapeError, stepContext, stopGradient, type Tensor, tf } from '@ssl/core';

export interface SinkhornOptions {
  /** ε, above 0. */
  readonly epsilon: number;
  /** At least 1. */
  readonly iterations: number;
  /** Scores of more images that are assigned together with these, `[Q, K]`, the same on every rank. */
  readonly queue?: Tensor;
  /** Scalar, 1 where the queue counts, 0 where it does not. Default 1. */
  readonly queueUsed?: Tensor;
}

/** Logarithm of a share that counts for nothing. */
const NOTHING = 1e9;

/**
 * Assigns images to prototypes so that each prototype gets an equal share of all images (arXiv:2006.09882 eq. 3, §3.1): Sinkhorn-Knopp, which
 * divides by turns by the sums over the images of all ranks and by those over the prototypes. It works on logarithms: no ε is too small for it.
 * @param scores `[B, K]`, similarities of this rank's images with the prototypes
 * @returns `[B, K]`, rows that sum to 1, without a gradient
 * @throws ShapeError when scores and queue do not have the same K, ConfigError when a setting is out of range
 */
export function sinkhorn(scores: Tensor, { epsilon, iterations, queue, queueUsed }: SinkhornOptions): Tensor {
  check(scores, queue, epsilon, iterations);
  let own = stopGradient(scores).div(epsilon) as Tensor;
  let more = queue && (stopGradient(queue).div(epsilon) as Tensor);
  const uncounted = queueUsed ? queueUsed.sub(1).mul(NOTHING) : tf.scalar(0);
  for (let i = 0; i < iterations; i++) {
    const sums = logSumOfImages(own, more?.add(uncounted)); //   [1, K]
    own = logSoftmax(own.sub(sums));
    more = more && logSoftmax(more.sub(sums));
  }
  return tf.exp(own);
}

/** The logarithm of the sum of exponentials over the images of all ranks, `[1, K]`. */
function logSumOfImages(own: Tensor, shared: Tensor | undefined): Tensor {
  const { world } = stepContext();
  const largest = world.gather(own.max(0, true)).max(0, true);
  const top = shared ? tf.maximum(largest, shared.max(0, true)) : largest;
  const sum = world.sum(tf.exp(own.sub(top)).sum(0, true));
  return tf.log(shared ? sum.add(tf.exp(shared.sub(top)).sum(0, true)) : sum).add(top);
}

function logSoftmax(x: Tensor): Tensor {
  return nativeOp('LogSoftmax', [x], { T: { dtype: 'float32' } });
}

function check(scores: Tensor, queue: Tensor | undefined, epsilon: number, iterations: number): void {
  if (scores.rank !== 2 || scores.size === 0 || (queue && (queue.rank !== 2 || queue.shape[1] !== scores.shape[1]))) {
    const got = `[${scores.shape}]${queue ? ` and [${queue.shape}]` : ''}`;
    throw new ShapeError(`sinkhorn: scores must be [B, K], those of the queue [Q, K]; got ${got}`);
  }
  if (!(epsilon > 0)) throw new ConfigError(`sinkhorn: epsilon must be above 0; got ${epsilon}; 0.05 is usual`);
  if (Number.isInteger(iterations) && iterations >= 1) return;
  throw new ConfigError(`sinkhorn: iterations must be a whole number of at least 1; got ${iterations}; 3 is usual`);
}
