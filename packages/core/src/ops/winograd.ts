/**
 * 3×3 convolutions at stride 1 by minimal filtering, F(2×2, 3×3) (Winograd; Lavin and Gray, arXiv:1509.09308, section 4.1): 16 products make four
 * results, not 36. Images come in 4×4 tiles that overlap by two, Bᵀ d B of each; filters as G g Gᵀ; products go back by Aᵀ m A.
 */
import { kernel, xlaAvailable } from '../tensor/fused.ts';
import { onGpu } from '../tensor/native.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { batchProduct, matrixProduct } from './products.ts';

/** Of a tile. */
const SIDE = 4;
/** From so many channels on, on both sides, the products outweigh the transforms; and from so many results of a channel those of the filter (`pnpm bench conv`). */
const LEAST_CHANNELS = 256;
const LEAST_POSITIONS = 512;
/** Of the products of the formula: 4/9 where sides are even; more where tiles reach beyond an odd, small one. */
const MOST_PRODUCTS = 0.6;

/** G: three taps as four, `[4, 3]`. */
const G: readonly (readonly number[])[] = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
const TURNED = G.map(row => [...row].reverse());

/** Whether this is the faster way for `x` `[B, H, W, C]`: on a CPU, with kernels for the transforms. A GPU's library has such ways of its own. */
export function suitsWinograd(x: Tensor, filter: Tensor): boolean {
  const [B, H, W, C] = x.shape as [number, number, number, number];
  const [height, width, , D] = filter.shape as [number, number, number, number];
  if (height !== 3 || width !== 3 || Math.min(C, D) < LEAST_CHANNELS || B * H * W < LEAST_POSITIONS) return false;
  const share = (SIDE ** 2 * Math.ceil(H / 2) * Math.ceil(W / 2)) / (height * width * H * W);
  return share <= MOST_PRODUCTS && xlaAvailable() && !onGpu();
}

/**
 * @param x `[B, H, W, C]`
 * @param filter `[3, 3, C, D]`
 * @returns `[B, H, W, D]`: as a convolution with a zero around the images
 */
export function winogradConv2d(x: Tensor, filter: Tensor): Tensor {
  const [B, H, W] = x.shape as [number, number, number];
  return fromTiles(products(tiles(x), filters(filter, G)), [B, H, W, filter.shape[3]!]);
}

/** The gradient of the images is the convolution of the results' with the filter turned by 180°, from D channels to C. */
export function winogradInputGradient(dy: Tensor, filter: Tensor): Tensor {
  const [B, H, W] = dy.shape as [number, number, number];
  return fromTiles(products(tiles(dy), filters(filter, TURNED), false, true), [B, H, W, filter.shape[2]!]);
}

/**
 * @param x `[B, H, W, C]`
 * @param dy `[B, H, W, D]`
 * @returns `[3, 3, C, D]`
 */
export function winogradFilterGradient(x: Tensor, dy: Tensor): Tensor {
  const [C, D] = [x.shape[3]!, dy.shape[3]!];
  const sums = products(tiles(x), gradientTiles([dy]), true); // four of [4, C, D]
  const together = tf.concat(sums).reshape([SIDE * SIDE, C * D]);
  return matrixProduct(onBothAxes(G), together, true).reshape([3, 3, C, D]);
}

type Grid = readonly (readonly Tensor[])[];

/** What `along` makes of four numbers or of two, along both axes of a grid. */
function onGrid(grid: Grid, along: (x: readonly Tensor[]) => Tensor[]): Tensor[][] {
  const columns = transposed(grid.map(along));
  return transposed(columns.map(along));
}

function transposed(grid: Grid): Tensor[][] {
  return grid[0]!.map((_, j) => grid.map(row => row[j]!));
}

/** `[B, H, W, C]` to Bᵀ d B of each tile: four tensors, for the tile's rows, of `[4, T, C]`. T = B·⌈H/2⌉·⌈W/2⌉ */
function tiles(x: Tensor): Tensor[] {
  const [, H, W] = x.shape as [number, number, number];
  // Beyond an odd side two zeros, so that tiles come to an end.
  const around = [
    [0, 0],
    [1, 1 + (H % 2)],
    [1, 1 + (W % 2)],
    [0, 0],
  ] as [number, number][];
  return tilesOfPadded([tf.pad(x, around)]);
}

const tilesOfPadded = kernel('winograd_tiles', padded => {
  const [B, height, width, C] = padded!.shape as [number, number, number, number];
  const [h, w] = [height / 2 - 1, width / 2 - 1];
  const pairs = padded!.reshape([B, h + 1, 2, w + 1, 2, C]);
  const at = (i: number, j: number): Tensor =>
    tf.slice(pairs, [0, i >> 1, i % 2, j >> 1, j % 2, 0], [B, h, 1, w, 1, C]).reshape([B * h * w, C]);
  const grid = Array.from({ length: SIDE }, (_, i) => Array.from({ length: SIDE }, (_, j) => at(i, j)));
  return onGrid(grid, ([a, b, c, d]) => [a!.sub(c!), b!.add(c!), c!.sub(b!), b!.sub(d!)]).map(row => tf.stack(row));
});

/** `[3, 3, C, D]` to G g Gᵀ of each filter: four tensors of `[4, C, D]`. */
function filters(filter: Tensor, g: typeof G): Tensor[] {
  const [, , C, D] = filter.shape as [number, number, number, number];
  const all = matrixProduct(onBothAxes(g), filter.reshape([9, C * D]));
  return tf.split(all.reshape([SIDE * SIDE, C, D]), SIDE);
}

/** `[16, 9]`: G on the rows and on the columns at once. */
function onBothAxes(g: typeof G): Tensor {
  return tf.tensor2d(g.flatMap(a => g.map(b => a.flatMap(x => b.map(y => x * y)))));
}

/** Aᵀ m A: four tensors of `[4, T, D]` to `[B, H, W, D]`. */
function fromTiles(sums: readonly Tensor[], shape: readonly [number, number, number, number]): Tensor {
  const [B, H, W, D] = shape;
  const [h, w] = [Math.ceil(H / 2), Math.ceil(W / 2)];
  const cut = sums.map(row => row.reshape([SIDE, B, h, w, D]));
  const whole = resultsOfTiles(cut)[0]!;
  return H % 2 === 0 && W % 2 === 0 ? whole : tf.slice(whole, [0, 0, 0, 0], [B, H, W, D]);
}

const resultsOfTiles = kernel('winograd_results', (...sums) => {
  const [, B, h, w, D] = sums[0]!.shape as [number, number, number, number, number];
  const grid = sums.map(row => tf.unstack(row));
  const results = onGrid(grid, ([a, b, c, d]) => [a!.add(b!).add(c!), b!.sub(c!).sub(d!)]);
  return [
    tf
      .stack(
        results.map(row => tf.stack(row, 3)),
        2,
      )
      .reshape([B, 2 * h, 2 * w, D]),
  ];
});

/** The other way round, A y Aᵀ: `[B, H, W, D]` to four tensors of `[4, T, D]`. */
const gradientTiles = kernel('winograd_gradient', dy => {
  const [B, H, W, D] = dy!.shape as [number, number, number, number];
  const [h, w] = [Math.ceil(H / 2), Math.ceil(W / 2)];
  const even = tf
    .pad(dy!, [
      [0, 0],
      [0, H % 2],
      [0, W % 2],
      [0, 0],
    ])
    .reshape([B, h, 2, w, 2, D]);
  const at = (i: number, j: number): Tensor =>
    tf.slice(even, [0, 0, i, 0, j, 0], [B, h, 1, w, 1, D]).reshape([B * h * w, D]);
  const grid = [0, 1].map(i => [0, 1].map(j => at(i, j)));
  return onGrid(grid, ([a, b]) => [a!, a!.add(b!), a!.sub(b!), b!.neg()]).map(row => tf.stack(row));
});

/** Sixteen matrix products, as four times four. */
function products(a: readonly Tensor[], b: readonly Tensor[], transposeA = false, transposeB = false): Tensor[] {
  return a.map((row, i) => batchProduct(row, b[i]!, transposeA, transposeB));
}
