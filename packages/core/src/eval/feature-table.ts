/** Features as the evaluations take them, and how their rows get to the engine. */
import { DataError, ShapeError } from '../errors.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { isTensor } from '../tensor/tree.ts';

/** Rows of features on the host. */
export interface FeatureTable {
  /** `[N, dim]`, row by row. */
  readonly features: Float32Array;
  readonly dim: number;
}

/** `[N, D]`: rows on the host, or a float32 tensor, which stays the caller's. */
export type Features = FeatureTable | Tensor;

/**
 * Rows and columns.
 * @throws ShapeError when there are none, or the values do not fill whole rows.
 */
export function tableShape(who: string, features: Features): { rows: number; dim: number } {
  if (isTensor(features)) {
    const [rows = 0, dim = 0] = features.shape;
    if (features.rank === 2 && features.size > 0 && features.dtype === 'float32') return { rows, dim };
    throw new ShapeError(
      `${who}: features must be float32 [N, D] with at least one row; got ${features.dtype} [${features.shape}]`,
    );
  }
  const { features: values, dim } = features;
  const rows = values.length / dim;
  if (Number.isInteger(dim) && dim > 0 && Number.isInteger(rows) && rows > 0) return { rows, dim };
  throw new ShapeError(
    `${who}: features must be whole rows of dim values, at least one row; got ${values.length} values and dim ${dim}`,
  );
}

/** Rows `start` to `end` as a tensor that is the caller's. */
export function rowsOf(features: Features, start: number, end: number): Tensor {
  if (isTensor(features)) return tf.slice(features, [start, 0], [end - start, -1]);
  const { features: values, dim } = features;
  return tf.tensor2d(values.subarray(start * dim, end * dim), [end - start, dim], 'float32');
}

/**
 * Takes one number for each row that is finite only if the whole row is.
 * @throws DataError with the number of the first row that is not.
 */
export function checkFinite(who: string, perRow: ArrayLike<number>, firstRow = 0): void {
  for (let row = 0; row < perRow.length; row++) {
    if (Number.isFinite(perRow[row])) continue;
    throw new DataError(
      `${who}: features must be finite numbers whose squares float32 can hold; got NaN, infinite or huge ones in row ${firstRow + row}; ` +
        'look at the picture of that row, or at the loss of the run that the network comes from',
    );
  }
}
