import { ShapeError } from '../../errors.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';

/** Views with the turn that each has. The caller frees the tensors. */
export interface RotatedViews {
  /** `[4B, S, S, C]`: all views as they are, then all turned by 90°, by 180° and by 270°, counter-clockwise. */
  readonly images: Tensor;
  /** `[4B]` int32, quarter turns: 0, 1, 2, 3. */
  readonly labels: Tensor;
}

/**
 * Every view in all four orientations, whose labels are to be predicted (RotNet: Gidaris et al., arXiv:1803.07728, §3.1). Nothing is
 * resampled. Flip before, not after: a flip after a turn would change its label.
 * @param views `[B, S, S, C]` on any scale.
 * @throws ShapeError when views are not square.
 */
export function fourRotations(views: Tensor): RotatedViews {
  const [batch, height, width] = views.shape as [number, number, number];
  if (views.shape.length !== 4 || height !== width) {
    throw new ShapeError(`fourRotations: views must be [B, S, S, C]; got [${views.shape}]`);
  }
  return tf.tidy(() => {
    const turned = views.transpose([0, 2, 1, 3]);
    const images = tf.concat([views, tf.reverse(turned, 1), tf.reverse(views, [1, 2]), tf.reverse(turned, 2)]);
    const labels = Int32Array.from({ length: 4 * batch }, (_, i) => Math.floor(i / batch));
    return { images, labels: tf.tensor1d(labels, 'int32') };
  });
}
