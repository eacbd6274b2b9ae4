/**
 * A resampling in which every output pixel takes a few neighbouring input pixels. The few weights replace a matrix that would be
 * almost all zeros: a product with it costs eight times as much at 256 to 224 pixels, and no less at 32.
 */
import { kernel } from '../../tensor/fused.ts';
import { asFloats } from '../../tensor/native.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';

// No interface: it is a tree of tensors (`tensor/tree.ts`).
export type Taps = {
  /** `[B, out]`, the first input pixel that each output pixel takes; it and the others lie within the input. */
  readonly first: Tensor;
  /** `[B, out, K]`, the weights of that pixel and of the next `K - 1`. */
  readonly weights: Tensor;
};

/** Each tap is one more term for XLA to compile; and by then, when pictures shrink to a 16th, the matrix is no slower. */
const MOST_TAPS = 32;

/** How many neighbours an output pixel takes when a part of at most `inputs` pixels becomes `outputs` (the triangle is open at its ends). */
function tapCount(inputs: number, outputs: number): number {
  return Math.min(inputs, Math.ceil(2 * Math.max(1, inputs / outputs)));
}

/** Whether taps are the faster way for a resampling. */
export function worthTaps(inputs: number, outputs: number): boolean {
  return tapCount(inputs, outputs) <= MOST_TAPS;
}

/** The antialiased triangle of `resampling` (sampling.ts), at the pixels around each centre only. */
const triangles = kernel('views_taps', (start, length, low, high, output, offsets, last) => {
  const scale = length!.div(output!.shape[1]!); //          [B, 1], input pixels to an output pixel
  const sharpness = tf.minimum(tf.reciprocal(scale), 1);
  const centre = output!.add(0.5).mul(scale).add(start!); // [B, out]
  const leftmost = tf.floor(centre.sub(tf.maximum(scale, 1)).add(0.5));
  const first = tf.minimum(tf.maximum(leftmost, 0), last!);
  const pixel = first.expandDims(2).add(offsets!); //        [B, out, K]
  const touched = tf.logicalAnd(pixel.add(1).greater(low!.expandDims(2)), pixel.less(high!.expandDims(2)));
  const distance = pixel.add(0.5).sub(centre.expandDims(2)).abs();
  const triangle = tf.maximum(tf.sub(1, distance.mul(sharpness.expandDims(2))), 0);
  const cut = tf.where(touched, triangle, tf.scalar(0));
  return [first, cut.div(cut.sum(2, true))];
});

/**
 * The taps that stretch a part of a line to `outputs` pixels: the same weights as in the matrix of `resampling` (sampling.ts), whose
 * arguments these are; `length` must be at most `inputs`.
 */
export function stretchTaps(start: Tensor, length: Tensor, inputs: number, outputs: number, whole?: Tensor): Taps {
  const count = tapCount(inputs, outputs);
  const output = tf.range(0, outputs).expandDims(0);
  const offsets = tf.range(0, count).reshape([1, 1, count]);
  const [low, high] = whole ? [tf.zerosLike(whole), whole] : [start, start.add(length)];
  const perPicture = [start, length, low, high].map(numbers => numbers.expandDims(1));
  const [first, weights] = triangles([...perPicture, output, offsets, tf.scalar(inputs - count)]);
  return { first: first!, weights: weights! };
}

/** Lines along axis 1 weighed and added: `[B, in, n]` to `[B, out, n]`. */
function weighed(lines: Tensor, first: Tensor, weights: Tensor): Tensor {
  const count = weights.shape[2]!;
  const index = tf.cast(first, 'int32');
  const taps = Array.from({ length: count }, (_, k) =>
    tf.gather(lines, index.add(tf.scalar(k, 'int32')), 1, 1).mul(weights.slice([0, 0, k], [-1, -1, 1])),
  );
  return taps.reduce((sum, tap) => sum.add(tap));
}

const rowsOfImages = kernel('views_gather_image_rows', (images, first, weights, scale) => {
  const [batch, height] = images!.shape as [number, number];
  return [weighed(asFloats(images!).reshape([batch, height, -1]), first!, weights!.mul(scale!))];
});

const columnsOfLines = kernel('views_gather_image_columns', (lines, first, weights, channels) => {
  const [batch, , height] = lines!.shape as [number, number, number]; // of W · C lines
  const count = channels!.shape[0]!;
  const [inputs, outputs] = [lines!.shape[1]! / count, first!.shape[1]!];
  const columns = weighed(lines!.reshape([batch, inputs, count * height]), first!, weights!);
  return [columns.reshape([batch, outputs, count, height]).transpose([0, 2, 1, 3])];
});

/**
 * Pictures as they came, `[B, H, W, C]`, 0 to 255, to planes `[B, C, columns, rows]`, 0 to 1. Between the two sums all is turned once: the
 * library turns matrices three times as fast as it moves channels.
 */
export function gatherFromImages(images: Tensor, rows: Taps, columns: Taps): Tensor {
  const upright = rowsOfImages([images, rows.first, rows.weights, tf.scalar(1 / 255)])[0]!; // [B, rows, W · C]
  const turned = tf.transpose(upright, [0, 2, 1]);
  return columnsOfLines([turned, columns.first, columns.weights, tf.zeros([images.shape[3]!])])[0]!;
}

const gathered = kernel('views_gather_rows', (pixels, first, weights) => {
  const [batch, outputs, count] = weights!.shape as [number, number, number];
  const index = tf.cast(first!, 'int32');
  const taps = Array.from({ length: count }, (_, k) => {
    const weight = weights!.slice([0, 0, k], [-1, -1, 1]).reshape([batch, 1, outputs, 1]);
    return tf.gather(pixels!, index.add(tf.scalar(k, 'int32')), 2, 1).mul(weight);
  });
  return [taps.reduce((sum, tap) => sum.add(tap))];
});

/** `[B, C, in, n]` to `[B, C, out, n]`: whole lines of memory are weighed and added, along the axis that is contiguous. */
export function gatherRows(pixels: Tensor, { first, weights }: Taps): Tensor {
  return gathered([pixels, first, weights])[0]!;
}
