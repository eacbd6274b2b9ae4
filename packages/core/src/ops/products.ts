/** The library's matrix products as they are, without a gradient: for ops that have their own. */
import { nativeOp } from '../tensor/native.ts';
import type { Tensor } from '../tensor/tf.ts';

const FLOAT = { T: { dtype: 'float32' } } as const;

/** `[N, M]` and `[M, K]` to `[N, K]`, each of the two turned where it says so. */
export function matrixProduct(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  return nativeOp('MatMul', [a, b], { ...FLOAT, transpose_a: transposeA, transpose_b: transposeB });
}

/** The same for many: `[..., N, M]` and `[..., M, K]` to `[..., N, K]`. */
export function batchProduct(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  return nativeOp('BatchMatMulV2', [a, b], { ...FLOAT, adj_x: transposeA, adj_y: transposeB });
}
