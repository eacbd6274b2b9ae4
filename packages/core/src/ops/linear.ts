import { ShapeError } from '../errors.ts';
import { customGrad, nativeOp } from '../tensor/native.ts';
import { recompute } from '../tensor/recompute.ts';
import type { Tensor } from '../tensor/tf.ts';

/**
 * Matrix product, either side optionally transposed.
 * @param a `[N, M]` (or `[M, N]` when transposed)
 * @param b `[M, K]` (or `[K, M]` when transposed)
 * @returns `[N, K]`
 */
export function matMul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  if (a.rank !== 2 || b.rank !== 2 || a.shape[transposeA ? 0 : 1] !== b.shape[transposeB ? 1 : 0]) {
    const turned = (t: boolean) => (t ? 'ᵀ' : '');
    throw new ShapeError(
      `matMul: inner sizes must agree; got [${a.shape}]${turned(transposeA)} · [${b.shape}]${turned(transposeB)}`,
    );
  }
  return customGrad([a, b], (x, y) => ({
    value: product(x!, y!, transposeA, transposeB),
    saved: [x!, y!],
    gradient: (dy, [p, q]) => [
      () => (transposeA ? product(q!, dy, transposeB, true) : product(dy, q!, false, !transposeB)),
      () =>
        transposeB ? product(dy, recompute(p!), true, transposeA) : product(recompute(p!), dy, !transposeA, false),
    ],
  }));
}

function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return nativeOp('MatMul', [a, b], { T: { dtype: 'float32' }, transpose_a: transposeA, transpose_b: transposeB });
}
