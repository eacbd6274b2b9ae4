import { ShapeError } from '../errors.ts';
import { customGrad, nativeOp } from '../tensor/native.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

/**
 * Rows by their numbers; a row may be asked for several times.
 * @param x `[N, D]`
 * @param rows `[M]` int32, each in `[0, N)`
 * @returns `[M, D]`
 */
export function gatherRows(x: Tensor, rows: Tensor): Tensor {
  if (x.rank !== 2 || rows.rank !== 1) {
    throw new ShapeError(`gatherRows: takes x [N, D] and rows [M]; got [${x.shape}] and [${rows.shape}]`);
  }
  const [N] = x.shape as [number, number];
  const types = { Tindices: { dtype: 'int32' } } as const;
  return customGrad([x], values => ({
    value: nativeOp('GatherV2', [values!, rows, tf.scalar(0, 'int32')], {
      ...types,
      Tparams: { dtype: 'float32' },
      Taxis: { dtype: 'int32' },
      batch_dims: { int: 0 },
    }),
    saved: [rows],
    gradient: (dy, [at]) => [
      () =>
        nativeOp('UnsortedSegmentSum', [dy, at!, tf.scalar(N, 'int32')], {
          ...types,
          T: { dtype: 'float32' },
          Tnumsegments: { dtype: 'int32' },
        }),
    ],
  }));
}

/**
 * Tokens of each image by their numbers: those that a mask leaves, or those of a block to predict.
 * @param x `[B, T, D]`
 * @param keep `[B, K]` int32, each in `[0, T)`
 * @returns `[B, K, D]`
 * @throws ShapeError when the images are not as many or K is 0
 */
export function gatherTokens(x: Tensor, keep: Tensor): Tensor {
  const [B, T, D] = x.shape as [number, number, number];
  const K = keep.shape[1]!;
  if (x.rank !== 3 || keep.rank !== 2 || keep.shape[0] !== B || keep.dtype !== 'int32' || K < 1) {
    throw new ShapeError(
      `gatherTokens: takes x [B, T, D] and token numbers [B, K], int32, at least one an image; got [${x.shape}] and ${keep.dtype} [${keep.shape}]`,
    );
  }
  const first = tf.range(0, B, 1, 'int32').mul(tf.scalar(T, 'int32')).reshape([B, 1]);
  const rows = keep.add(first).reshape([B * K]);
  return gatherRows(x.reshape([B * T, D]), rows).reshape([B, K, D]);
}
