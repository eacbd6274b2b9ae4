import { nativeOp, nativeOps } from '../tensor/native.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

/** Columns whose best value stands for them all in the first of two passes. From 32 to 128 the time is about the same. */
export const BLOCK = 64;
/** The second pass must look at so much less than all columns for two to be faster than one. */
const LEAST_GAIN = 8;

const float32 = { dtype: 'float32' } as const;
const int32 = { dtype: 'int32' } as const;

/**
 * The `k` largest values of each row, largest first; of equal values, the one with the lower index comes first.
 * Has no gradient. Exact, in one pass or in two: the k best of a row lie in the k blocks of columns with the best maxima.
 * @param scores `[M, N]`, `k` at most N.
 * @returns `[M, k]` each.
 */
export function topK(scores: Tensor, k: number): { values: Tensor; indices: Tensor } {
  const columns = scores.shape[1]!;
  return columns % BLOCK === 0 && twoPassesPay(columns, k) ? twoPasses(scores, k) : onePass(scores, k);
}

/** Whether it is worth giving `topK` a number of columns that is a multiple of `BLOCK`. */
export function twoPassesPay(columns: number, k: number): boolean {
  return k * BLOCK * LEAST_GAIN <= columns;
}

/** The library's op on a float32 tensor. */
function onePass(scores: Tensor, k: number): { values: Tensor; indices: Tensor } {
  const attrs = { T: float32, Tk: int32, index_type: int32, sorted: true };
  const [values, indices] = nativeOps('TopKV2', [scores, tf.scalar(k, 'int32')], attrs, 2);
  return { values: values!, indices: indices! };
}

function twoPasses(scores: Tensor, k: number): { values: Tensor; indices: Tensor } {
  const [rows, columns] = scores.shape as [number, number];
  const blocks = tf.reshape(scores, [rows, columns / BLOCK, BLOCK]);
  const chosen = ascending(onePass(tf.max(blocks, 2), k).indices); //       [M, k]
  const candidates = tf.reshape(gather(blocks, chosen, float32), [rows, k * BLOCK]);
  const { values, indices: places } = onePass(candidates, k);
  const block = gather(chosen, tf.floorDiv(places, tf.scalar(BLOCK, 'int32')), int32);
  const within = tf.mod(places, tf.scalar(BLOCK, 'int32'));
  return { values, indices: tf.add(tf.mul(block, tf.scalar(BLOCK, 'int32')), within) };
}

/** Each row of an int32 tensor sorted, so that candidates stand in the order of their indices and equal ones are told apart by it. */
function ascending(indices: Tensor): Tensor {
  const k = tf.scalar(indices.shape[1]!, 'int32');
  const attrs = { T: int32, Tk: int32, index_type: int32, sorted: true };
  return tf.neg(nativeOps('TopKV2', [tf.neg(indices), k], attrs, 2)[0]!);
}

/** For each row, the entries of `values` `[M, N, …]` at `indices` `[M, k]`. */
function gather(values: Tensor, indices: Tensor, type: typeof float32 | typeof int32): Tensor {
  const attrs = { Tparams: type, Tindices: int32, Taxis: int32, batch_dims: { int: 1 } };
  return nativeOp('GatherV2', [values, indices, tf.scalar(1, 'int32')], attrs);
}
