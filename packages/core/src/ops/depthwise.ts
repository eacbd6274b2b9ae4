import { ShapeError } from '../errors.ts';
import { customGrad, nativeOp } from '../tensor/native.ts';
import { recompute } from '../tensor/recompute.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

const ATTRIBUTES = {
  T: { dtype: 'float32' },
  strides: { ints: [1, 1, 1, 1] },
  padding: 'SAME',
  explicit_paddings: { ints: [] },
  dilations: { ints: [1, 1, 1, 1] },
  data_format: 'NHWC',
} as const;

/**
 * A filter of its own for each channel, of stride 1 and zeros around the image, so that its size stays.
 * @param x `[B, H, W, C]`
 * @param filter `[k, k, C]`, k odd
 * @returns `[B, H, W, C]`
 */
export function depthwiseConv(x: Tensor, filter: Tensor): Tensor {
  const [k, width, C] = filter.shape as [number, number, number];
  if (x.rank !== 4 || filter.rank !== 3 || k !== width || k % 2 === 0 || C !== x.shape[3]) {
    throw new ShapeError(
      `depthwiseConv: takes x [B, H, W, C] and a filter [k, k, C] with odd k; got [${x.shape}] and [${filter.shape}]`,
    );
  }
  return customGrad([x, filter.reshape([k, k, C, 1])], (input, weight) => ({
    value: nativeOp('DepthwiseConv2dNative', [input!, weight!], ATTRIBUTES),
    saved: [input!, weight!],
    gradient: (dy, [a, w]) => [
      () => nativeOp('DepthwiseConv2dNativeBackpropInput', [tf.tensor1d(a!.shape, 'int32'), w!, dy], ATTRIBUTES),
      () =>
        nativeOp(
          'DepthwiseConv2dNativeBackpropFilter',
          [recompute(a!), tf.tensor1d(w!.shape, 'int32'), dy],
          ATTRIBUTES,
        ),
    ],
  }));
}
