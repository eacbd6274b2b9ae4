/** Mirror images. Where a resampling is still to be done, its output pixels are exchanged instead of pixels. */
import { kernel } from '../../tensor/fused.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { beside, type Canvas, isMatrix, type Resampling, settleEitherWay } from './canvas.ts';

const flipPixels = { rows: flipAxis('views_flip_rows', 2), columns: flipAxis('views_flip_columns', 3) };

function flipAxis(name: string, axis: number): ReturnType<typeof kernel> {
  return kernel(name, (pixels, applied) => [
    tf.where(beside(applied!, 4).greater(0), tf.reverse(pixels!, axis), pixels!),
  ]);
}

/** The output pixels in the other order, for the pictures where `applied` is 1. Weights are small: no kernel is worth its start. */
function reversed(resampling: Resampling, applied: Tensor): Resampling {
  const flipped = (values: Tensor): Tensor =>
    tf.where(beside(applied, values.shape.length).greater(0), tf.reverse(values, 1), values);
  if (isMatrix(resampling)) return flipped(resampling);
  return { first: flipped(resampling.first), weights: flipped(resampling.weights) };
}

/** Exchanges the order of the rows or of the columns of the view, for the pictures where `applied`, `[B]`, is 1. */
export function flip(canvas: Canvas, along: 'rows' | 'columns', applied: Tensor): Canvas {
  const waiting = canvas[along];
  if (waiting) return { ...canvas, [along]: reversed(waiting, applied) };
  const settled = settleEitherWay(canvas);
  const other = along === 'rows' ? 'columns' : 'rows';
  return { ...settled, pixels: flipPixels[settled.turned ? other : along]([settled.pixels, applied])[0]! };
}
