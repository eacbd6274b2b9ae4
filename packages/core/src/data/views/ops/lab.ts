import { kernel } from '../../../tensor/fused.ts';
import { type Tensor, tf } from '../../../tensor/tf.ts';
import { onPixels } from '../canvas.ts';
import { checkKeys } from '../check.ts';
import { plane } from '../luma.ts';
import type { OpKind } from '../op.ts';

/** Red, green and blue become lightness and two colour axes: the last thing done to a view. */
export interface Lab {
  readonly op: 'lab';
}

/** sRGB without its gamma to CIE XYZ; each row divided by what it gives for white, D65 (scikit-image, `skimage/color/colorconv.py`). */
const XYZ: readonly (readonly [weights: readonly number[], white: number])[] = [
  [[0.412453, 0.35758, 0.180423], 0.95047],
  [[0.212671, 0.71516, 0.072169], 1],
  [[0.019334, 0.119193, 0.950227], 1.08883],
];

const power = (base: Tensor, exponent: number): Tensor => tf.exp(tf.log(base).mul(exponent));

function linear(srgb: Tensor): Tensor {
  const curved = power(tf.maximum(srgb, 0.04045).add(0.055).div(1.055), 2.4);
  return tf.where(srgb.greater(0.04045), curved, srgb.div(12.92));
}

/** The cube root, with a line near 0. */
function root(share: Tensor): Tensor {
  const curved = power(tf.maximum(share, 0.008856), 1 / 3);
  return tf.where(share.greater(0.008856), curved, share.mul(7.787).add(16 / 116));
}

const converted = kernel('views_lab', pixels => {
  const light = linear(pixels!);
  const [x, y, z] = XYZ.map(([weights, white]) => {
    const [red, green, blue] = weights.map((weight, channel) => plane(light, channel).mul(weight / white));
    return root(red!.add(green!).add(blue!));
  }) as [Tensor, Tensor, Tensor];
  const lightness = y.mul(116).sub(16).div(100);
  const a = x.sub(y).mul(500).add(128).div(255);
  const b = y.sub(z).mul(200).add(128).div(255);
  return [tf.concat([lightness, a, b], 1).clipByValue(0, 1)];
});

export const labKind: OpKind<Lab> = {
  complete(given) {
    checkKeys('lab', given, []);
    return { op: 'lab' };
  },
  colors: 'three',
  draws: 0,
  draw: () => ({}),
  apply: canvas => onPixels(canvas, pixels => converted([pixels])[0]!, { eitherWay: true }),
};

/**
 * Converts from sRGB to CIE Lab (D65, 2°), as scikit-image's `rgb2lab` and Kornia's `rgb_to_lab`, scaled to 0 … 1 as OpenCV scales it
 * for bytes: `L / 100`, `(a + 128) / 255`, `(b + 128) / 255`. `normalize: LAB_STATISTICS` makes of that `L - 50`, `a` and `b`, as the
 * colorization papers have it (arXiv:1603.08511; facebookresearch/vissl, `img_pil_to_lab_tensor.py`). It has no `p`, and no meaning
 * on other than three channels. Put it last: other ops take its planes for red, green and blue.
 */
export function lab(): Lab {
  return labKind.complete({});
}
