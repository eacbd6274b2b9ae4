/** What is logged of the teacher: scalars, without a gradient. */
import { stopGradient, type Tensor, tf } from '@ssl/core';

/** Mean entropy of softmax(x) over rows, in nats: from 0 to ln K. @param x `[N, K]` @param probabilities its softmax */
export function entropyOfSharpened(x: Tensor, probabilities: Tensor): Tensor {
  return tf.logSumExp(x, 1).sub(x.mul(probabilities).sum(1)).mean();
}

/** Entropy in nats of one distribution, `[K]`. */
export function entropy(probabilities: Tensor): Tensor {
  return probabilities
    .mul(tf.log(tf.maximum(probabilities, 1e-30)))
    .sum()
    .neg();
}

/** Mean cosine between rows of length 1 that belong together, both `[N, P]`. */
export function agreement(a: Tensor, b: Tensor): Tensor {
  return stopGradient(a).mul(b).sum(1).mean();
}
