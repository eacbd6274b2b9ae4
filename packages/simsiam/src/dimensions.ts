import { matMul, type Tensor, tf } from '@ssl/core';

/** Rows that are looked at: enough to tell a line from a cloud, and cheap beside the network. */
const ROWS = 256;

/**
 * Into how many dimensions rows spread: (Σλ)² / Σλ² over the variances λ along the axes of their cloud, the participation ratio. 1 when
 * all lie on one line, P when they spread alike in all P dimensions; at most one less than the rows, of which the first 256 count.
 * @param rows `[B, P]`
 * @returns scalar; 0 when all rows are the same
 */
export function dimensionsOf(rows: Tensor): Tensor {
  const some = rows.shape[0]! > ROWS ? tf.slice(rows, 0, ROWS) : rows;
  const centred = some.sub(some.mean(0, true));
  const products = matMul(centred, centred, false, true); // [B, B]: it has the variances as eigenvalues, up to a factor
  const total = centred.square().sum();
  return tf.divNoNan(total.square(), products.square().sum());
}
