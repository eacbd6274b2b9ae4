import { type Tensor, tf } from '../tensor/tf.ts';
import type { Update } from './optimizer.ts';

const FLOAT = { T: { dtype: 'float32' } } as const;

/** The name under which the running sum of gradients is kept. */
export const MOMENTUM_SLOT = 'momentum';

/**
 * `sum = momentum · sum + direction`, then `variable −= rate · sum` (Nesterov: `rate · (direction + momentum · sum)`): PyTorch's
 * SGD without dampening. Without momentum there is no sum, and none is kept.
 */
export function momentumStep(
  { variable, moments, learningRate }: Update,
  direction: Tensor,
  momentum: number,
  nesterov: boolean,
): void {
  const [sum] = moments;
  if (!sum) variable.update('ResourceApplyGradientDescent', [learningRate, direction], FLOAT);
  else
    variable.update(
      'ResourceApplyMomentum',
      [learningRate, direction, tf.scalar(momentum)],
      { ...FLOAT, use_nesterov: nesterov },
      [sum],
    );
}
