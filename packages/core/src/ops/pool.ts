import { customGrad, nativeOp } from '../tensor/native.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

export interface PoolOptions {
  readonly size: number;
  readonly stride: number;
  /** On every side; never chosen as the maximum, never counted in the average. Default 0. */
  readonly padding?: number;
}

/** Lower than any activation, and finite: −∞ times a zero gradient would be NaN. */
const LOWEST = -3.4e38;

/** Maximum over windows. `[B, H, W, C]` → `[B, H', W', C]` */
export function maxPool(x: Tensor, { size, stride, padding = 0 }: PoolOptions): Tensor {
  const padded = padding === 0 ? x : pad(x, padding, LOWEST);
  const attributes = window(size, stride);
  return customGrad([padded], input => {
    const value = nativeOp('MaxPool', [input!], attributes);
    return {
      value,
      saved: [input!, value],
      gradient: (dy, [a, y]) => [nativeOp('MaxPoolGrad', [a!, y!, dy], attributes)],
    };
  });
}

/** Mean over windows without padding. `[B, H, W, C]` → `[B, H', W', C]` */
export function avgPool(x: Tensor, { size, stride }: PoolOptions): Tensor {
  const attributes = window(size, stride);
  return customGrad([x], input => {
    const { shape } = input!;
    return {
      value: nativeOp('AvgPool', [input!], attributes),
      saved: [],
      gradient: dy => [nativeOp('AvgPoolGrad', [tf.tensor1d(shape, 'int32'), dy], attributes)],
    };
  });
}

/** Mean over height and width. `[B, H, W, C]` → `[B, C]` */
export function globalAvgPool(x: Tensor): Tensor {
  return customGrad([x], input => {
    const [B, H, W, C] = input!.shape as [number, number, number, number];
    return {
      value: input!.mean([1, 2]),
      saved: [],
      gradient: dy => [tf.broadcastTo(dy.div(H * W).reshape([B, 1, 1, C]), [B, H, W, C])],
    };
  });
}

function window(size: number, stride: number) {
  return {
    T: { dtype: 'float32' },
    ksize: { ints: [1, size, size, 1] },
    strides: { ints: [1, stride, stride, 1] },
    padding: 'VALID',
    data_format: 'NHWC',
  } as const;
}

function pad(x: Tensor, by: number, value: number): Tensor {
  return tf.pad(
    x as never,
    [
      [0, 0],
      [by, by],
      [by, by],
      [0, 0],
    ],
    value,
  );
}
