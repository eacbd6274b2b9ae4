import { type Tensor, tf } from '@ssl/core';
import type { DINOConfig } from './config.ts';

/** Added to the length in the divisor (utils.py, `clip_gradients`). */
const MARGIN = 1e-6;

/**
 * Each gradient cut to a length of its own, not all to one together, and none for the last layer in the first epochs (utils.py,
 * `clip_gradients` and `cancel_gradients_last_layer`).
 * @param gradients by name
 * @param epoch scalar, whole epochs finished
 */
export function adjusted(
  gradients: Readonly<Record<string, Tensor>>,
  epoch: Tensor,
  { clipGradient, freezeLastLayer }: Pick<DINOConfig, 'clipGradient' | 'freezeLastLayer'>,
): Record<string, Tensor> {
  const free = tf.cast(epoch.greaterEqual(freezeLastLayer), 'float32');
  const changed = Object.entries(gradients).map(([name, gradient]) => {
    const factors = [
      ...(clipGradient > 0 ? [tf.minimum(tf.div(clipGradient, gradient.square().sum().sqrt().add(MARGIN)), 1)] : []),
      ...(freezeLastLayer > 0 && name.includes('last_layer.') ? [free] : []),
    ];
    return [name, factors.length === 0 ? gradient : gradient.mul(factors.reduce((a, b) => a.mul(b)))] as const;
  });
  return Object.fromEntries(changed);
}
