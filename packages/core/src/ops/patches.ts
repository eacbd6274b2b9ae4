import { ShapeError } from '../errors.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

/**
 * Squares of an image that do not overlap, row by row: with a product of matrices behind it, a convolution whose steps are as long as its
 * filter. Rows and columns that do not fill a square are left out, as that convolution leaves them out.
 * @param images `[B, H, W, C]`
 * @param size P, the side of a square
 * @returns `[B, ⌊H/P⌋ · ⌊W/P⌋, P·P·C]`
 */
export function patchesOf(images: Tensor, size: number): Tensor {
  const [B, H, W, C] = images.shape as [number, number, number, number];
  const [rows, columns] = [Math.floor(H / size), Math.floor(W / size)];
  if (images.rank !== 4 || rows < 1 || columns < 1) {
    throw new ShapeError(
      `patchesOf: images must be [B, H, W, C] with sides of at least ${size}; got [${images.shape}]`,
    );
  }
  const whole = H === rows * size && W === columns * size;
  const used = whole ? images : images.slice([0, 0, 0, 0], [B, rows * size, columns * size, C]);
  const cut = tf.transpose(used.reshape([B * rows, size, columns, size * C]), [0, 2, 1, 3]);
  return cut.reshape([B, rows * columns, size * size * C]);
}
