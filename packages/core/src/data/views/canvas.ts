/**
 * Pictures on their way to being views. Resampling is kept as matrices until pixels are needed, so that crop, resize, flip and
 * blur in a row cost two matrix products.
 *
 * Pixels are planar here, `[B, C, h, w]`: the products then need no transposes, and arithmetic between channels is
 * arithmetic on whole planes.
 */
import { kernel } from '../../tensor/fused.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';

export interface Canvas {
  /** `[B, C, h, w]`, 0 to 1. */
  readonly pixels: Tensor;
  /** Height and width that the view has once the matrices are applied. */
  readonly size: number;
  /** `[B, size, h]`: output rows as weighted sums of the rows in `pixels`. */
  readonly rows?: Tensor;
  /** `[B, size, w]`, likewise for columns. */
  readonly columns?: Tensor;
}

const toPlanes = kernel('views_planes', (images, scale) => [
  tf.cast(images!, 'float32').mul(scale!).transpose([0, 3, 1, 2]),
]);

const toImages = kernel('views_images', (planes, scale, offset) => [
  planes!.clipByValue(0, 1).mul(scale!).add(offset!).transpose([0, 2, 3, 1]),
]);

/** `[B, H, W, C]`, 0 to 255, to planes `[B, C, H, W]`, 0 to 1. */
export function planes(images: Tensor): Tensor {
  return toPlanes([images, tf.scalar(1 / 255)])[0]!;
}

/** The finished view, `[B, size, size, C]`, times `scale` plus `offset` for each channel. */
export function images(canvas: Canvas, scale: readonly number[], offset: readonly number[]): Tensor {
  const shape = [1, scale.length, 1, 1];
  return toImages([settle(canvas).pixels, tf.tensor([...scale], shape), tf.tensor([...offset], shape)])[0]!;
}

/** Adds one more resampling: `rows` and `columns` are `[B, size, n]` with `n` what the canvas has come to. */
export function resample(canvas: Canvas, rows: Tensor, columns: Tensor): Canvas {
  return {
    pixels: canvas.pixels,
    size: canvas.size,
    rows: canvas.rows ? tf.matMul(rows, canvas.rows) : rows,
    columns: canvas.columns ? tf.matMul(columns, canvas.columns) : columns,
  };
}

/** The same canvas with no matrices left to apply. */
export function settle({ pixels, size, rows, columns }: Canvas): Canvas {
  let settled = pixels;
  if (rows) settled = tf.matMul(rows.expandDims(1), settled);
  if (columns) settled = tf.matMul(settled, columns.expandDims(1), false, true);
  return { pixels: settled, size };
}

/** Changes the pixels themselves: `[B, C, size, size]`, 0 to 1, to the same. */
export function onPixels(canvas: Canvas, change: (pixels: Tensor) => Tensor): Canvas {
  const { pixels, size } = settle(canvas);
  return { pixels: change(pixels), size };
}

/** `[B]` as `[B, 1, …]`, to stand beside a tensor of `rank` axes. */
export function beside(values: Tensor, rank: number): Tensor {
  return values.reshape([-1, ...Array<number>(rank - 1).fill(1)]);
}
