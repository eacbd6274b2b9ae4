import { type AttributeValue, customGrad, nativeOp } from '../tensor/native.ts';
import { recompute } from '../tensor/recompute.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

export interface PoolOptions {
  readonly size: number;
  readonly stride: number;
  /** On every side, of a maximum only; never chosen. Default 0. */
  readonly padding?: number;
}

/** Maximum over windows. `[B, H, W, C]` → `[B, H', W', C]` */
export function maxPool(x: Tensor, { size, stride, padding = 0 }: PoolOptions): Tensor {
  const attributes = window(size, stride, padding);
  return customGrad([x], input => {
    const value = nativeOp('MaxPool', [input!], attributes);
    return {
      value,
      saved: [input!, value],
      gradient: (dy, [a, y]) => [nativeOp('MaxPoolGrad', [recompute(a!), y!, dy], attributes)],
    };
  });
}

/** Mean over windows without padding. `[B, H, W, C]` → `[B, H', W', C]` */
export function avgPool(x: Tensor, { size, stride }: Omit<PoolOptions, 'padding'>): Tensor {
  const attributes = window(size, stride, 0);
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

function window(size: number, stride: number, padding: number): Readonly<Record<string, AttributeValue>> {
  return {
    T: { dtype: 'float32' },
    ksize: { ints: [1, size, size, 1] },
    strides: { ints: [1, stride, stride, 1] },
    padding: padding === 0 ? 'VALID' : 'EXPLICIT',
    ...(padding > 0 && { explicit_paddings: { ints: [0, 0, padding, padding, padding, padding, 0, 0] } }),
    data_format: 'NHWC',
  };
}
