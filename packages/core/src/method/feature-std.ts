import { l2Normalize } from '../ops/norm.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

/**
 * The standard deviation of unit-length features, averaged over their axes and multiplied by √D: about 1 when they are
 * spread over the sphere, 0 when they have collapsed (SimSiam, arXiv:2011.10566 §4.1).
 * @param features `[N, D]`
 * @returns scalar
 */
export function featureStdOf(features: Tensor): Tensor {
  const unit = l2Normalize(features);
  const centred = unit.sub(unit.mean(0, true));
  return tf.sqrt(centred.square().mean(0)).mean().mul(Math.sqrt(features.shape[1]!));
}
