import { ShapeError } from '../errors.ts';
import { type AttributeValue, customGrad, nativeOp } from '../tensor/native.ts';
import { recompute } from '../tensor/recompute.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { suitsWinograd, winogradConv2d, winogradFilterGradient, winogradInputGradient } from './winograd.ts';

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

/** One group. */
function convolve(x: Tensor, filter: Tensor, geometry: Geometry): Tensor {
  const way = wayFor(x, filter, geometry);
  return customGrad([x, filter], (input, weight) => ({
    value: way.forward(input!, weight!),
    saved: [input!, weight!],
    gradient: (dy, [a, w]) => [() => way.inputGradient(dy, a!, w!), () => way.filterGradient(dy, recompute(a!), w!)],
  }));
}

/** A way to convolve, and to get the gradients. `a` and `w` are images and filter. */
interface Way {
  readonly forward: (a: Tensor, w: Tensor) => Tensor;
  readonly inputGradient: (dy: Tensor, a: Tensor, w: Tensor) => Tensor;
  readonly filterGradient: (dy: Tensor, a: Tensor, w: Tensor) => Tensor;
}

function wayFor(x: Tensor, filter: Tensor, geometry: Geometry): Way {
  const { stride, padding, dilation } = geometry;
  const same = stride === 1 && [0, 1].every(axis => 2 * padding === dilation * (filter.shape[axis]! - 1));
  if (same && dilation === 1 && suitsWinograd(x, filter)) return WINOGRAD;
  return same || padding === 0 ? library(geometry, same ? 'SAME' : 'VALID') : padded(geometry);
}

const WINOGRAD: Way = {
  forward: winogradConv2d,
  inputGradient: (dy, _, w) => winogradInputGradient(dy, w),
  filterGradient: (dy, a) => winogradFilterGradient(a, dy),
};

function library(geometry: Geometry, padding: 'SAME' | 'VALID'): Way {
  const attrs = attributes(geometry, padding);
  return {
    forward: (a, w) => nativeOp('Conv2D', [a, w], attrs),
    inputGradient: (dy, a, w) => nativeOp('Conv2DBackpropInput', [shapeOf(a.shape), w, dy], attrs),
    filterGradient: (dy, a, w) => nativeOp('Conv2DBackpropFilter', [a, shapeOf(w.shape), dy], attrs),
  };
}

/**
 * The library's gradients are up to ten times slower with explicit padding than without (`pnpm bench conv`), so those run on a padded
 * input.
 */
function padded(geometry: Geometry): Way {
  const { stride, padding, dilation } = geometry;
  const explicit = attributes(geometry, 'EXPLICIT');
  const valid = attributes(geometry, 'VALID');
  // Only as many zeros after the image as the last window reaches.
  const zeros = (dy: Tensor, a: Tensor, w: Tensor): [number, number][] => {
    const window = (axis: number): number => dilation * (w.shape[axis - 1]! - 1) + 1;
    const reach = (axis: number): number => (dy.shape[axis]! - 1) * stride + window(axis) - padding - a.shape[axis]!;
    return [
      [0, 0],
      [padding, Math.max(0, reach(1))],
      [padding, Math.max(0, reach(2))],
      [0, 0],
    ];
  };
  return {
    forward: (a, w) => nativeOp('Conv2D', [a, w], explicit),
    inputGradient: (dy, a, w) => {
      const around = zeros(dy, a, w);
      const shape = a.shape.map((size, axis) => size + around[axis]![0] + around[axis]![1]);
      return nativeOp('Conv2DBackpropInput', [shapeOf(shape), w, dy], valid).slice([0, padding, padding, 0], a.shape);
    },
    filterGradient: (dy, a, w) =>
      nativeOp('Conv2DBackpropFilter', [tf.pad(a, zeros(dy, a, w)), shapeOf(w.shape), dy], valid),
  };
}

function shapeOf(shape: readonly number[]): Tensor {
  return tf.tensor1d([...shape], 'int32');
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
