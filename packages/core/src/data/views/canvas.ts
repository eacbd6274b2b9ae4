/**
 * Pictures on their way to being views. Resampling is kept as numbers until pixels are needed, so that a flip moves weights: as a
 * few weights for each output pixel, or as matrices, of which several in a row become one.
 *
 * Pixels are planar here, `[B, C, h, w]`: the products then need no transposes, and arithmetic between channels is
 * arithmetic on whole planes. Only taps work on pictures as they came: what they read is a quarter as long in bytes.
 */
import { kernel } from '../../tensor/fused.ts';
import { asFloats } from '../../tensor/native.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { luma } from './luma.ts';
import { gatherFromImages, gatherRows, type Taps } from './taps.ts';

/** Output pixels along one axis as weighted sums of input pixels: a matrix `[B, out, in]`, or the few weights that are not zero. */
export type Resampling = Tensor | Taps;

export interface Canvas {
  /** `[B, C, h, w]`, 0 to 1; `[B, C, w, h]` when `turned`; while `raw`, as the pictures came, `[B, h, w, C]`, 0 to 255. */
  readonly pixels: Tensor;
  /** Nothing has touched the pixels yet. */
  readonly raw?: boolean;
  /** Height and width that the view has once `rows` and `columns` are applied. */
  readonly size: number;
  /** Output rows from the rows in `pixels`. */
  readonly rows?: Resampling;
  /** Output columns from the columns in `pixels`. */
  readonly columns?: Resampling;
  /** Rows and columns are exchanged in `pixels`: left so after taps, since turning back may be needless. `settle` does it. */
  readonly turned?: boolean;
  /** `[B]`, 1 where the colour is still to be taken away: a weighted sum, too, that may wait for those of resampling. */
  readonly gray?: Tensor | undefined;
}

const toPlanes = kernel('views_planes', (images, scale) => [asFloats(images!).mul(scale!).transpose([0, 3, 1, 2])]);

// The parts are put together within the kernel: a pass of its own over large views takes longer than everything else in here. Each is
// finished before that: arithmetic on the whole would look up in which part a pixel lies, once for each time it is used.
const toImages = kernel('views_images', (scale, offset, ...parts) => [
  tf.concat(parts.map(part => finished(part, scale!, offset!))),
]);

const toGrayImages = kernel('views_gray_images', (scale, offset, ...graysAndParts) => {
  const count = graysAndParts.length / 2;
  const [grays, parts] = [graysAndParts.slice(0, count), graysAndParts.slice(count)];
  return [tf.concat(parts.map((part, i) => finished(grayed(part, grays[i]!), scale!, offset!)))];
});

function finished(planes: Tensor, scale: Tensor, offset: Tensor): Tensor {
  return planes.clipByValue(0, 1).mul(scale).add(offset).transpose([0, 2, 3, 1]);
}

const toGray = kernel('views_gray', (pixels, gray) => [grayed(pixels!, gray!)]);

function grayed(pixels: Tensor, gray: Tensor): Tensor {
  return tf.where(beside(gray, 4).greater(0), luma(pixels), pixels);
}

/** `[B, H, W, C]`, 0 to 255, bytes, floats or int32, to planes `[B, C, H, W]`, 0 to 1. */
export function planes(images: Tensor): Tensor {
  return toPlanes([images, tf.scalar(1 / 255)])[0]!;
}

/** Height, width and channels of what is in `pixels`; height and width are exchanged when `turned`. */
export function shapeOf({
  pixels,
  raw = false,
}: Pick<Canvas, 'pixels' | 'raw'>): readonly [h: number, w: number, C: number] {
  const [, a, b, c] = pixels.shape as [number, number, number, number];
  return raw ? [a, b, c] : [b, c, a];
}

/** Pixels upright, with nothing left to apply but `gray`. */
export function settleUpright(canvas: Canvas): Pick<Canvas, 'pixels' | 'gray'> {
  const { pixels, gray } = upright(settleEitherWay(canvas));
  return { pixels, gray };
}

/**
 * The finished views, `[B, size, size, C]`, times `scale` plus `offset` for each channel.
 * @param parts the views of a batch in parts, as `settleUpright` leaves them.
 */
export function images(
  parts: readonly Pick<Canvas, 'pixels' | 'gray'>[],
  scale: readonly number[],
  offset: readonly number[],
): Tensor {
  const shape = [1, scale.length, 1, 1];
  const ends = [tf.tensor([...scale], shape), tf.tensor([...offset], shape)];
  const [pixels, grays] = [parts.map(part => part.pixels), parts.flatMap(({ gray }) => gray ?? [])];
  return (grays.length > 0 ? toGrayImages([...ends, ...grays, ...pixels]) : toImages([...ends, ...pixels]))[0]!;
}

/** Adds one more resampling: `rows` and `columns` take what the canvas has come to, and give `size` pixels. */
export function resample(canvas: Canvas, rows: Resampling, columns: Resampling): Canvas {
  const { rows: earlierRows, columns: earlierColumns } = canvas;
  if (!earlierRows && !earlierColumns) return { ...canvas, rows, columns };
  if ([rows, columns, earlierRows, earlierColumns].some(part => part && !isMatrix(part))) {
    return { ...settleEitherWay(canvas), rows, columns };
  }
  return { ...canvas, rows: product(rows, earlierRows), columns: product(columns, earlierColumns) };
}

function product(matrix: Resampling, earlier: Resampling | undefined): Resampling {
  return earlier ? tf.matMul(matrix as Tensor, earlier as Tensor) : matrix;
}

/** Tells the two forms apart. */
export function isMatrix(resampling: Resampling): resampling is Tensor {
  return !('weights' in resampling);
}

/** The same canvas with nothing left to apply: `[B, C, size, size]`. */
export function settle(canvas: Canvas): Canvas {
  return colored(upright(settleEitherWay(canvas)));
}

/** The same canvas with no resampling left to apply; for those to whom it is all the same whether the pixels are `turned`, or `gray` yet. */
export function settleEitherWay(canvas: Canvas): Canvas {
  const { pixels, raw = false, size, rows, columns, turned = false, gray } = canvas;
  if (raw && rows && columns && !isMatrix(rows) && !isMatrix(columns))
    return { pixels: gatherFromImages(pixels, rows, columns), size, turned: true, gray };
  const [third, last] = turned ? [columns, rows] : [rows, columns];
  let settled = raw ? planes(pixels) : pixels;
  if (third) settled = isMatrix(third) ? tf.matMul(third.expandDims(1), settled) : gatherRows(settled, third);
  if (!last) return { pixels: settled, size, turned, gray };
  if (isMatrix(last)) return { pixels: tf.matMul(settled, last.expandDims(1), false, true), size, turned, gray };
  return { pixels: gatherRows(exchanged(settled), last), size, turned: !turned, gray };
}

function upright({ pixels, size, turned, gray }: Canvas): Canvas {
  return { pixels: turned ? exchanged(pixels) : pixels, size, gray };
}

function colored({ gray, ...canvas }: Canvas): Canvas {
  return gray ? { ...canvas, pixels: toGray([canvas.pixels, gray])[0]! } : canvas;
}

/** Takes the colour away for the pictures where `applied`, `[B]`, is 1: as soon as something else changes pixels, or at the end. */
export function takeColor(canvas: Canvas, applied: Tensor): Canvas {
  return { ...(canvas.gray ? colored(settleEitherWay(canvas)) : canvas), gray: applied };
}

/** The last two axes exchanged. */
export function exchanged(pixels: Tensor): Tensor {
  return tf.transpose(pixels, [0, 1, 3, 2]);
}

export interface PixelChange {
  /** Every pixel is changed by itself, or by sums over all: rows and columns may be exchanged. Saves turning large views back. */
  readonly eitherWay?: boolean;
}

/** Changes the pixels themselves: `[B, C, size, size]`, 0 to 1, to the same. */
export function onPixels(
  canvas: Canvas,
  change: (pixels: Tensor) => Tensor,
  { eitherWay = false }: PixelChange = {},
): Canvas {
  const settled = eitherWay ? colored(settleEitherWay(canvas)) : settle(canvas);
  return { ...settled, pixels: change(settled.pixels) };
}

/** `[B]` as `[B, 1, …]`, to stand beside a tensor of `rank` axes. */
export function beside(values: Tensor, rank: number): Tensor {
  return values.reshape([-1, ...Array<number>(rank - 1).fill(1)]);
}
