import { ShapeError } from '../errors.ts';
import { type AttributeValue, customGrad, type InputGradient, nativeOp } from '../tensor/native.ts';
import { recompute } from '../tensor/recompute.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

export interface Conv2dOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Zeros on every side, as PyTorch counts them. Default 0. */
  readonly padding?: number;
  /** Default 1. */
  readonly dilation?: number;
  /** Groups of channels that do not see each other. Default 1. */
  readonly groups?: number;
}

/**
 * 2-D convolution.
 * @param x `[B, H, W, C]`
 * @param filter `[kh, kw, C / groups, D]`
 * @returns `[B, H', W', D]` with `H' = ⌊(H + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1`
 */
export function conv2d(
  x: Tensor,
  filter: Tensor,
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: Conv2dOptions = {},
): Tensor {
  const [, , inputs, outputs] = filter.shape as [number, number, number, number];
  if (x.rank !== 4 || filter.rank !== 4 || x.shape[3] !== inputs * groups || outputs % groups !== 0) {
    throw new ShapeError(
      `conv2d: takes x [B, H, W, C] and a filter [kh, kw, C / groups, D]; got [${x.shape}], [${filter.shape}], groups ${groups}`,
    );
  }
  const geometry: Geometry = { stride, padding, dilation };
  if (groups === 1) return convolve(x, filter, geometry);
  // The library's CPU kernels have no gradient for groups: one convolution each.
  const images = tf.split(x, groups, 3);
  const filters = tf.split(filter, groups, 3);
  return tf.concat(
    images.map((image, i) => convolve(image, filters[i]!, geometry)),
    3,
  );
}

interface Geometry {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

/**
 * One group. The library's gradients are two to four times slower with explicit padding than without
 * (`pnpm bench conv`), so those run on `SAME` padding where it means the same, else on a padded input.
 */
function convolve(x: Tensor, filter: Tensor, geometry: Geometry): Tensor {
  const { stride, padding, dilation } = geometry;
  const same = stride === 1 && [0, 1].every(axis => 2 * padding === dilation * (filter.shape[axis]! - 1));
  if (same || padding === 0) return simpleConvolution(x, filter, attributes(geometry, same ? 'SAME' : 'VALID'));
  const forward = attributes(geometry, 'EXPLICIT');
  const valid = attributes(geometry, 'VALID');
  return customGrad([x, filter], (input, weight) => {
    const value = nativeOp('Conv2D', [input!, weight!], forward);
    // Only as many zeros after the image as the last window reaches.
    const reach = (axis: 1 | 2): number =>
      Math.max(
        0,
        (value.shape[axis]! - 1) * stride +
          dilation * (weight!.shape[axis - 1]! - 1) +
          1 -
          padding -
          input!.shape[axis]!,
      );
    const zeros: [number, number][] = [
      [0, 0],
      [padding, reach(1)],
      [padding, reach(2)],
      [0, 0],
    ];
    const padded = input!.shape.map((size, axis) => size + zeros[axis]![0] + zeros[axis]![1]);
    const gradient = (dy: Tensor, [a, w]: Tensor[]): InputGradient[] => [
      () =>
        nativeOp('Conv2DBackpropInput', [tf.tensor1d(padded, 'int32'), w!, dy], valid).slice(
          [0, padding, padding, 0],
          a!.shape,
        ),
      () => nativeOp('Conv2DBackpropFilter', [tf.pad(recompute(a!), zeros), tf.tensor1d(w!.shape, 'int32'), dy], valid),
    ];
    return { value, saved: [input!, weight!], gradient };
  });
}

function simpleConvolution(x: Tensor, filter: Tensor, attributes: Readonly<Record<string, AttributeValue>>): Tensor {
  return customGrad([x, filter], (input, weight) => ({
    value: nativeOp('Conv2D', [input!, weight!], attributes),
    saved: [input!, weight!],
    gradient: (dy, [a, w]) => [
      () => nativeOp('Conv2DBackpropInput', [tf.tensor1d(a!.shape, 'int32'), w!, dy], attributes),
      () => nativeOp('Conv2DBackpropFilter', [recompute(a!), tf.tensor1d(w!.shape, 'int32'), dy], attributes),
    ],
  }));
}

function attributes(
  { stride, padding, dilation }: Geometry,
  mode: 'SAME' | 'VALID' | 'EXPLICIT',
): Record<string, AttributeValue> {
  return {
    T: { dtype: 'float32' },
    strides: { ints: [1, stride, stride, 1] },
    padding: mode,
    explicit_paddings: { ints: mode === 'EXPLICIT' ? [0, 0, padding, padding, padding, padding, 0, 0] : [] },
    dilations: { ints: [1, dilation, dilation, 1] },
    data_format: 'NHWC',
    use_cudnn_on_gpu: true,
  };
}
