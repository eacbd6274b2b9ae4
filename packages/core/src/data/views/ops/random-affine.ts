import { nativeOp } from '../../../tensor/native.ts';
import { type Tensor, tf } from '../../../tensor/tf.ts';
import { onPixels } from '../canvas.ts';
import { checkKeys, checkNumber, checkProbability, checkRange, type Range } from '../check.ts';
import { coin, column, type Drawn, type OpKind, spread, whenApplied } from '../op.ts';

/** The view rotated, scaled, sheared and shifted about its centre. */
export interface RandomAffine {
  readonly op: 'randomAffine';
  /** Rotation, degrees clockwise. */
  readonly degrees: Range;
  /** Largest shift to either side along x and y, as shares of the size; whole pixels are drawn. */
  readonly translate: readonly [x: number, y: number];
  /** How many times as large the picture becomes. */
  readonly scale: Range;
  /** Shear along x, degrees. */
  readonly shearX: Range;
  /** Shear along y, degrees. */
  readonly shearY: Range;
  readonly p: number;
  /** What shows where the picture ends, on the scale 0 to 1. */
  readonly fill: number;
}

const NEUTRAL = { angle: 0, translateX: 0, translateY: 0, scale: 1, shearX: 0, shearY: 0 } as const;

export const randomAffineKind: OpKind<RandomAffine> = {
  complete(given) {
    const who = 'randomAffine';
    checkKeys(who, given, ['degrees', 'translate', 'scale', 'shearX', 'shearY', 'p', 'fill']);
    const {
      degrees = [0, 0],
      translate = [0, 0],
      scale = [1, 1],
      shearX = [0, 0],
      shearY = [0, 0],
      p = 1,
      fill = 0,
    } = given;
    checkRange(who, 'degrees', degrees, [-360, 360]);
    checkNumber(who, 'translate[0]', translate[0], [0, 1]);
    checkNumber(who, 'translate[1]', translate[1], [0, 1]);
    checkRange(who, 'scale', scale, [1e-2, 1e2]);
    checkRange(who, 'shearX', shearX, [-89, 89]);
    checkRange(who, 'shearY', shearY, [-89, 89]);
    checkProbability(who, p);
    checkNumber(who, 'fill', fill, [0, 1]);
    return { op: who, degrees, translate, scale, shearX, shearY, p, fill };
  },
  draws: 7,
  draw({ degrees, translate, scale, shearX, shearY, p }, u, { size }) {
    const shift = (i: 0 | 1): Tensor => {
      const most = translate[i] * size;
      return tf.round(spread(column(u, 1 + i), [-most, most]));
    };
    const drawn: Record<keyof typeof NEUTRAL, Tensor> = {
      angle: spread(column(u, 0), degrees),
      translateX: shift(0),
      translateY: shift(1),
      scale: spread(column(u, 3), scale),
      shearX: spread(column(u, 4), shearX),
      shearY: spread(column(u, 5), shearY),
    };
    const applied = coin(column(u, 6), p);
    return Object.fromEntries(
      Object.entries(NEUTRAL).map(([name, neutral]) => [
        name,
        whenApplied(applied, drawn[name as keyof typeof NEUTRAL], neutral),
      ]),
    );
  },
  apply: (canvas, { fill }, drawn) => onPixels(canvas, pixels => transform(pixels, drawn, fill)),
};

/** Entries of a matrix, each `[B]`. */
type Matrix = readonly (readonly [Tensor, Tensor])[];

/**
 * Inverse of a shear along x, then one along y, then a rotation (torchvision's `_get_inverse_affine_matrix` has the same order),
 * then a scale. Rotations and shears have determinant 1, so the inverse only moves the entries.
 */
function inverse({ angle, scale, shearX, shearY }: Drawn): Matrix {
  const radians = (degrees: Tensor): Tensor => degrees.mul(Math.PI / 180);
  const [turn, slantX, slantY] = [radians(angle!), tf.tan(radians(shearX!)), radians(shearY!)];
  const cos = tf.cos(turn.sub(slantY)).div(tf.cos(slantY));
  const sin = tf.sin(turn.sub(slantY)).div(tf.cos(slantY));
  const over = (entry: Tensor): Tensor => entry.div(scale!);
  return [
    [over(tf.cos(turn).sub(sin.mul(slantX))), over(tf.sin(turn).add(cos.mul(slantX)))],
    [over(sin.neg()), over(cos)],
  ];
}

/**
 * Every pixel is fetched from `x = a₀x' + a₁y' + a₂`, `y = a₃x' + a₄y' + a₅` (pixel indices), about the centre of the picture.
 * Each plane is an image of one channel to the library's op, so that planes need not be interleaved.
 * @param pixels `[B, C, h, w]`
 */
export function transform(pixels: Tensor, drawn: Drawn, fill: number): Tensor {
  const [B, C, h, w] = pixels.shape as [number, number, number, number];
  const [cx, cy] = [(w - 1) / 2, (h - 1) / 2];
  const [x, y] = [drawn.translateX!.add(cx), drawn.translateY!.add(cy)];
  const zero = tf.zerosLike(x);
  const lines = inverse(drawn).map(([a, b], i) => [a, b, tf.sub(i === 0 ? cx : cy, a.mul(x).add(b.mul(y)))]);
  const coefficients = tf.stack([...lines.flat(), zero, zero], 1).expandDims(1); // [B, 1, 8]
  const inputs = [
    pixels.reshape([B * C, h, w, 1]),
    tf.tile(coefficients, [1, C, 1]).reshape([B * C, 8]),
    tf.tensor1d([h, w], 'int32'),
    tf.scalar(fill),
  ];
  const attributes = { dtype: { dtype: 'float32' }, interpolation: 'BILINEAR', fill_mode: 'CONSTANT' } as const;
  return nativeOp('ImageProjectiveTransformV3', inputs, attributes).reshape([B, C, h, w]);
}

/**
 * Rotates, shifts, scales and shears with probability `p`, bilinearly, as torchvision's `RandomAffine` on tensors.
 * @param settings `degrees`, default `[0, 0]`; `translate`, default `[0, 0]`; `scale`, default `[1, 1]`; `shearX` and `shearY`
 * in degrees, default `[0, 0]`; `p`, default 1; `fill`, 0 to 1, default 0 (black): 1 for drawings on white.
 * @throws ConfigError when a setting is out of range.
 */
export function randomAffine(settings: Partial<Omit<RandomAffine, 'op'>> = {}): RandomAffine {
  return randomAffineKind.complete(settings);
}
