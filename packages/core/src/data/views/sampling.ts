import { kernel } from '../../tensor/fused.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { beside, type Canvas, type Resampling, resample, shapeOf } from './canvas.ts';
import type { Drawn, Frame } from './op.ts';
import { stretchTaps, worthTaps } from './taps.ts';

/**
 * Bilinear resampling with antialiasing as Pillow's and torchvision's: a triangle that is as wide as an output pixel (but never
 * narrower than an input pixel), cut off at the edges of the part and normalised (Pillow, `src/libImaging/Resample.c`).
 */
const weights = kernel('views_resample', (start, scale, sharpness, low, high, output, input) => {
  const centre = output!.add(0.5).mul(scale!).add(start!); // [B, out, 1]
  const position = input!.add(0.5); //                        [1, 1, in]
  // A pixel takes part when what may be seen touches it. (Of whole pixels: when it lies inside.)
  const touched = tf.logicalAnd(position.add(0.5).greater(low!), position.sub(0.5).less(high!));
  const triangle = tf.maximum(tf.sub(1, position.sub(centre).abs().mul(sharpness!)), 0); // [B, out, in]
  const cut = tf.where(touched, triangle, tf.scalar(0));
  return [cut.div(cut.sum(2, true))];
});

/**
 * The matrix that stretches a part of a line to `outputs` pixels.
 * @param start `[B]`, first pixel of the part.
 * @param length `[B]`, its length in pixels, at least 1.
 * @param whole `[B]`, length of the picture when pixels beside the part may show at its edges, as if the picture were resized before
 * it is cropped; without it nothing outside the part is seen.
 * @returns `[B, outputs, inputs]`, rows of weights that sum to 1.
 */
export function resampling(start: Tensor, length: Tensor, inputs: number, outputs: number, whole?: Tensor): Tensor {
  const output = tf.range(0, outputs).reshape([1, outputs, 1]);
  const input = tf.range(0, inputs).reshape([1, 1, inputs]);
  const scale = length.div(outputs); // input pixels to an output pixel, [B]
  const sharpness = tf.minimum(tf.reciprocal(scale), 1);
  const [low, high] = whole ? [tf.zerosLike(whole), whole] : [start, start.add(length)];
  const perPicture = [start, scale, sharpness, low, high].map(numbers => beside(numbers, 3));
  return weights([...perPicture, output, input])[0]!;
}

/** A part of each picture, each `[B]`, in pixels of the canvas. */
export interface Box extends Drawn {
  readonly top: Tensor;
  readonly left: Tensor;
  readonly height: Tensor;
  readonly width: Tensor;
}

/** A part in true pixels as one in pixels of the canvas. */
export function onCanvas(box: Box, { height, width, canvas: [H, W], layout }: Frame): Box {
  if (layout !== 'fill') return box;
  const [y, x] = [tf.div(H, height), tf.div(W, width)];
  return { top: box.top.mul(y), left: box.left.mul(x), height: box.height.mul(y), width: box.width.mul(x) };
}

/**
 * Shows the part `box`, resized to the view's size. The canvas must be as the pictures came.
 * @param whole the whole picture, where the part is to look as if the picture were resized first and cropped then.
 */
export function showBox(
  canvas: Canvas,
  { top, left, height, width }: Box,
  whole?: Pick<Box, 'height' | 'width'>,
): Canvas {
  const [h, w] = shapeOf(canvas);
  const rows = stretched(top, height, h, canvas.size, whole?.height);
  return resample(canvas, rows, stretched(left, width, w, canvas.size, whole?.width));
}

/** `resampling`, in the form that is faster. */
function stretched(start: Tensor, length: Tensor, inputs: number, outputs: number, whole?: Tensor): Resampling {
  return (worthTaps(inputs, outputs) ? stretchTaps : resampling)(start, length, inputs, outputs, whole);
}
