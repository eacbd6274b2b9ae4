import type { Tensor } from '../../tensor/tf.ts';

/** Weights of red, green and blue: ITU-R BT.601, as Pillow's mode L and torchvision. */
const WEIGHTS = [0.299, 0.587, 0.114] as const;

/** One plane of `[B, C, h, w]`, as `[B, 1, h, w]`. */
export function plane(pixels: Tensor, channel: number): Tensor {
  return pixels.slice([0, channel, 0, 0], [-1, 1, -1, -1]);
}

/** Brightness of every pixel, `[B, 1, h, w]`: the luma of three channels, the mean of any other number. */
export function luma(pixels: Tensor): Tensor {
  const channels = pixels.shape[1]!;
  if (channels !== 3) return pixels.mean(1, true);
  const [red, green, blue] = WEIGHTS.map((weight, channel) => plane(pixels, channel).mul(weight));
  return red!.add(green!).add(blue!);
}
