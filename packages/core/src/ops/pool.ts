import { kernel, xlaAvailable } from '../tensor/fused.ts';
import { type AttributeValue, customGrad, nativeOp, onGpu } from '../tensor/native.ts';
import { LEAST_VALUES, recompute } from '../tensor/recompute.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

type Attributes = Readonly<Record<string, AttributeValue>>;

export interface PoolOptions {
  readonly size: number;
  readonly stride: number;
  /** On every side, of a maximum only; never chosen. Default 0. */
  readonly padding?: number;
}

/** Maximum over windows. `[B, H, W, C]` → `[B, H', W', C]` */
export function maxPool(x: Tensor, { size, stride, padding = 0 }: PoolOptions): Tensor {
  const attributes = window(size, stride, padding);
  if (isStemPool(x, size, stride, padding)) return stemPool(x, attributes);
  return customGrad([x], input => {
    const value = nativeOp('MaxPool', [input!], attributes);
    return {
      value,
      saved: [input!, value],
      gradient: (dy, [a, y]) => [nativeOp('MaxPoolGrad', [recompute(a!), y!, dy], attributes)],
    };
  });
}

/**
 * Whether it is the pool of an ImageNet stem, on a CPU: the library's gradient for it takes five times as long as the kernels below, which
 * note for each window which of its values was chosen.
 */
function isStemPool(x: Tensor, size: number, stride: number, padding: number): boolean {
  const [, H, W] = x.shape as [number, number, number, number];
  const is = size === 3 && stride === 2 && padding === 1 && H % 2 === 0 && W % 2 === 0;
  return is && x.size >= LEAST_VALUES && xlaAvailable() && !onGpu();
}

/** Where in its window each of the largest values stands, `[B, h, w, C]`: 0 to 8, row by row; the first of equal ones, as in PyTorch. */
const placeOf = kernel('stem_pool_place', (x, largest) => {
  const [B, H, W, C] = x!.shape as [number, number, number, number];
  const padded = tf.pad(x!, [[0, 0], [1, 1], [1, 1], [0, 0]], Number.NEGATIVE_INFINITY); // biome-ignore format: one axis each
  let place = tf.zerosLike(largest!).cast('int32');
  for (let k = 8; k >= 0; k--) {
    const [row, column] = [Math.floor(k / 3), k % 3];
    const seen = tf.stridedSlice(padded, [0, row, column, 0], [B, row + H - 1, column + W - 1, C], [1, 2, 2, 1]);
    place = tf.where(seen.equal(largest!), tf.scalar(k, 'int32'), place);
  }
  return [place];
});

/** Each value of the image belongs to one or two windows in either direction: what those that chose it hand down. */
const handedDown = kernel('stem_pool_gradient', (dy, place) => {
  const [B, h, w, C] = dy!.shape as [number, number, number, number];
  const after: [number, number][] = [[0, 0], [0, 1], [0, 1], [0, 0]]; // biome-ignore format: one axis each
  const [gradients, places] = [tf.pad(dy!, after), tf.pad(place!, after, -1)];
  const terms = [0, 1].flatMap(down =>
    [0, 1].map(right => {
      const part = (x: Tensor): Tensor => tf.slice(x, [0, down, right, 0], [B, h, w, C]).reshape([B, h, 1, w, 1, C]);
      // Even rows are the middle of a window; odd ones the end of one and the start of the next. So are columns.
      const rows = down === 0 ? [1, 2] : [undefined, 0];
      const columns = right === 0 ? [1, 2] : [undefined, 0];
      const here = rows.flatMap(i => columns.map(j => (i === undefined || j === undefined ? -2 : 3 * i + j)));
      return tf.where(part(places).equal(tf.tensor(here, [1, 1, 2, 1, 2, 1], 'int32')), part(gradients), tf.scalar(0));
    }),
  );
  return [terms.reduce((sum, term) => sum.add(term)).reshape([B, 2 * h, 2 * w, C])];
});

function stemPool(x: Tensor, attributes: Attributes): Tensor {
  return customGrad([x], input => {
    const value = nativeOp('MaxPool', [input!], attributes);
    const place = placeOf([input!, value])[0]!;
    return { value, saved: [place], gradient: (dy, [p]) => [handedDown([dy, p!])[0]!] };
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

function window(size: number, stride: number, padding: number): Attributes {
  return {
    T: { dtype: 'float32' },
    ksize: { ints: [1, size, size, 1] },
    strides: { ints: [1, stride, stride, 1] },
    padding: padding === 0 ? 'VALID' : 'EXPLICIT',
    ...(padding > 0 && { explicit_paddings: { ints: [0, 0, padding, padding, padding, padding, 0, 0] } }),
    data_format: 'NHWC',
  };
}
