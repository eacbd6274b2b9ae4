import { ShapeError } from '../errors.ts';
import { customGrad } from '../tensor/native.ts';
import { recompute } from '../tensor/recompute.ts';
import type { Tensor } from '../tensor/tf.ts';
import { matrixProduct } from './products.ts';

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
    value: matrixProduct(x!, y!, transposeA, transposeB),
    saved: [x!, y!],
    gradient: (dy, [p, q]) => [
      () => (transposeA ? matrixProduct(q!, dy, transposeB, true) : matrixProduct(dy, q!, false, !transposeB)),
      () =>
        transposeB
          ? matrixProduct(dy, recompute(p!), true, transposeA)
          : matrixProduct(recompute(p!), dy, !transposeA, false),
    ],
  }));
}
