/** What is logged of the teacher: scalars, without a gradient. */
import { kernel, stopGradient, type Tensor, tf } from '@ssl/core';

const entropies = kernel('dino_entropy', probabilities => [
  probabilities!
    .mul(tf.log(tf.maximum(probabilities!, 1e-30)))
    .sum(-1)
    .neg(),
]);

/** Entropy in nats of distributions along the last axis, `[…, K]`: from 0 to ln K each. */
export function entropy(probabilities: Tensor): Tensor {
  return entropies([probabilities])[0]!;
}

/** Mean cosine between rows of length 1 that belong together, both `[N, P]`. */
export function agreement(a: Tensor, b: Tensor): Tensor {
  return stopGradient(a).mul(b).sum(1).mean();
}
