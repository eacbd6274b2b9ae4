/** What happens inside the graphs of a nearest-neighbour search. */
import { l2Normalize } from '../ops/norm.ts';
import { matrixProduct } from '../ops/products.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { topK } from './top-k.ts';

/** `cosine` of the angle between two rows, or `euclidean` distance of the rows as they are. */
export type Metric = 'cosine' | 'euclidean';

/**
 * Rows such that their products order neighbours: of length 1, or moved near the origin.
 * @param rows `[n, D]`. @param origin `[1, D]`, what distances are moved by.
 * @returns `rows` `[n, D]`; `halves` `[n]`, half of their squared lengths; `squares` `[n]`, the squared lengths of those given.
 */
export function comparable(
  metric: Metric,
  rows: Tensor,
  origin: Tensor,
): Record<'rows' | 'halves' | 'squares', Tensor> {
  const squares = rows.square().sum(1);
  if (metric === 'cosine') return { rows: l2Normalize(rows), halves: tf.zerosLike(squares), squares };
  const moved = rows.sub(origin);
  return { rows: moved, halves: moved.square().sum(1).mul(0.5), squares };
}

/**
 * The best of a part of the gallery for some queries.
 * @param queries `[m, D]`. @param gallery `rows` `[n, D]` and `halves` `[n]` of `comparable`.
 * @returns `values` and `indices` `[m, min(k, n)]`, best first; `squares` `[m]` as those of `comparable`.
 */
export function compare(
  metric: Metric,
  k: number,
  { queries, origin, gallery }: { queries: Tensor; origin: Tensor; gallery: Record<'rows' | 'halves', Tensor> },
): Record<'values' | 'indices' | 'squares', Tensor> {
  const { rows, halves, squares } = comparable(metric, queries, origin);
  const products = matrixProduct(rows, gallery.rows, false, true); // [m, n]
  const few = Math.min(k, gallery.rows.shape[0]!);
  if (metric === 'cosine') return { ...topK(products, few), squares };
  // −½|q − g|² = q·g − ½|g|² − ½|q|², and the last term does not change the order.
  const { values, indices } = topK(products.sub(gallery.halves), few);
  // Rounding may take the distance of a row to itself below 0.
  return { values: values.sub(halves.expandDims(1)).minimum(0), indices, squares };
}
