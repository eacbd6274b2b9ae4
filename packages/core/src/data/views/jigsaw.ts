/** Pictures cut into patches with gaps between them, for Jigsaw (arXiv:1603.09246) and PIRL (arXiv:1912.01991). */
import { ShapeError } from '../../errors.ts';
import { type Rng, uniform } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { checkWhole } from './check.ts';
import { wholeUpTo } from './tries.ts';

export interface JigsawOptions {
  readonly rng: Rng;
  /** Cells to a side. */
  readonly grid?: number;
  /** Height and width of a patch, pixels; when missing, 64 of a cell of 85, and in proportion. */
  readonly patch?: number;
}

/**
 * Cuts pictures into `grid · grid` cells, and of each takes a patch at a random place, so that neighbours do not meet at an edge
 * whose lines would give their places away: of 255 pixels 9 cells of 85, and patches of 64 (Noroozi and Favaro, arXiv:1603.09246,
 * §4.2; facebookresearch/vissl `img_patches_tensor.py`, which never draws the last of the 22 places). Pixels that do not fill a row or a
 * column of cells are left out at the right and at the bottom.
 * @param images `[B, S, S, C]` on any scale.
 * @param options `grid`, default 3.
 * @returns `[B · grid², patch, patch, C]`, the patches of one picture together, row by row. (VISSL goes column by column.)
 * @throws ConfigError when a patch is larger than a cell.
 * @throws ShapeError when images are not square, or smaller than the grid.
 */
export function jigsawPatches(images: Tensor, { rng, grid = 3, patch }: JigsawOptions): Tensor {
  checkWhole('jigsawPatches', 'grid', grid, [1, 16]);
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const cell = Math.floor(height / grid);
  if (images.shape.length !== 4 || height !== width || cell < 1) {
    throw new ShapeError(
      `jigsawPatches: images must be [B, S, S, C] with S of at least ${grid}; got [${images.shape}]`,
    );
  }
  const side = patch ?? Math.max(1, Math.round((cell * 64) / 85));
  checkWhole('jigsawPatches', 'patch', side, [1, cell]);
  return tf.tidy(() => {
    const cells = images
      .slice([0, 0, 0, 0], [-1, grid * cell, grid * cell, -1])
      .reshape([batch * grid, cell, grid, cell, channels])
      .transpose([0, 2, 1, 3, 4]); // [B · grid, grid, cell, cell, C]
    const count = batch * grid * grid;
    const place = (): Tensor => wholeUpTo(uniform(rng, [count, 1, 1]), cell - side).cast('int32');
    const [row, column] = [tf.range(0, side, 1, 'int32').reshape([1, side, 1]), tf.range(0, side, 1, 'int32')];
    const first = tf
      .range(0, count, 1, 'int32')
      .mul(tf.scalar(cell * cell, 'int32'))
      .reshape([count, 1, 1]);
    const [y, x] = [place().add(row), place().add(column.reshape([1, 1, side]))];
    const pixel = first.add(y.mul(tf.scalar(cell, 'int32'))).add(x); // [count, side, side]
    return tf.gather(cells.reshape([count * cell * cell, channels]), pixel);
  });
}

/**
 * Each patch and channel to mean 0 and deviation 1, so that brightness does not tell which patches are neighbours (§4.2). A patch of
 * one colour becomes 0.
 * @param patches `[N, P, P, C]` on any scale, 0 to 1 as a rule.
 */
export function normalizePatches(patches: Tensor): Tensor {
  return tf.tidy(() => {
    const { mean, variance } = tf.moments(patches, [1, 2], true);
    return patches.sub(mean).div(tf.maximum(tf.sqrt(variance), 1e-4));
  });
}

/**
 * Puts the patches of each picture in another order.
 * @param patches `[B · n, P, P, C]`, as `jigsawPatches` gives them.
 * @param order `[B, n]` int32: place `i` gets patch `order[i]`. Rows of a permutation set, or drawn by `shuffled` on the host.
 * @returns `[B · n, P, P, C]`
 * @throws ShapeError when there are not as many places as patches.
 */
export function permutePatches(patches: Tensor, order: Tensor): Tensor {
  const [batch, n] = order.shape as [number, number];
  if (order.shape.length !== 2 || batch * n !== patches.shape[0]) {
    throw new ShapeError(
      `permutePatches: order must be [B, n] for [B · n, P, P, C]; got [${order.shape}] for [${patches.shape}]`,
    );
  }
  return tf.tidy(() => {
    const first = tf.range(0, batch, 1, 'int32').mul(tf.scalar(n, 'int32')).expandDims(1);
    return tf.gather(patches, first.add(order.cast('int32')).reshape([batch * n]));
  });
}
