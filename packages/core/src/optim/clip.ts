import { ShapeError } from '../errors.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { l2Norm } from './norm.ts';
import { requirePositive } from './options.ts';

/** Added to the norm in the divisor, as `torch.nn.utils.clip_grad_norm_` does. */
const MARGIN = 1e-6;

/**
 * Scales all gradients by one factor so that their joint L2 norm is at most `maxNorm`; equal to `torch.nn.utils.clip_grad_norm_`.
 * All gradients are alive at once while it works, which an update without clipping does not need.
 * @param maxNorm above 0
 * @returns the scaled gradients and the norm before: scalar. A gradient that is not finite gives a norm that is not.
 */
export function clipByGlobalNorm(gradients: readonly Tensor[], maxNorm: number): { gradients: Tensor[]; norm: Tensor } {
  requirePositive('clipByGlobalNorm', 'maxNorm', maxNorm);
  if (gradients.length === 0) throw new ShapeError('clipByGlobalNorm: needs gradients; got none');
  return tf.tidy(() => {
    const norm = l2Norm(gradients);
    const factor = tf.minimum(tf.div(maxNorm, norm.add(MARGIN)), 1);
    return { gradients: gradients.map(gradient => gradient.mul(factor)), norm };
  });
}
