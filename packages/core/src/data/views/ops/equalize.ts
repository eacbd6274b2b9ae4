import { kernel } from '../../../tensor/fused.ts';
import { nativeOp } from '../../../tensor/native.ts';
import { type Tensor, tf } from '../../../tensor/tf.ts';
import { toBytes } from '../bytes.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkProbability } from '../check.ts';
import { coin, column, type OpKind } from '../op.ts';

/** Every channel with its values spread so that all are about equally frequent. */
export interface Equalize {
  readonly op: 'equalize';
  readonly p: number;
}

const LEVELS = 256;

/** Bytes of each plane as whole numbers, `[B · C, h · w]`. */
const levels = kernel('views_levels', pixels => {
  const [B, C, h, w] = pixels!.shape as [number, number, number, number];
  return [tf.cast(toBytes(pixels!), 'int32').reshape([B * C, h * w])];
});

/**
 * What becomes of each level, 0 to 1: PIL's table. Whole numbers of up to 2^24 pixels are exact in float32, and half a pixel more
 * keeps a quotient that is whole from being rounded below it.
 * @param counts `[n, 256]`, pixels of each level; `upTo`, their running sums; `same` `[1, 256]`, each level's own number.
 */
const table = kernel('views_equalize_table', (counts, upTo, same) => {
  const total = upTo!.slice([0, LEVELS - 1], [-1, 1]); // [n, 1]
  const last = tf.max(tf.where(upTo!.less(total), upTo!, tf.zerosLike(upTo!)), 1, true); // all pixels but those of the lightest level
  const step = tf.floor(last.add(0.5).div(255));
  const before = upTo!.sub(counts!).add(tf.floor(step.div(2)));
  const spreadOut = tf.floor(before.add(0.5).div(tf.maximum(step, 1))).clipByValue(0, 255);
  return [tf.where(step.greater(0), spreadOut, same!).div(255)];
});

/** `[pixels, bytes [n, h · w], numbers [n, 256], applied]`: each pixel's number in the table of its plane, where applied. */
const looked = kernel('views_equalize', (pixels, bytes, numbers, applied) => {
  const spreadOut = tf.gather(numbers!, bytes! as never, 1, 1).reshape(pixels!.shape);
  return [tf.where(beside(applied!, 4).greater(0), spreadOut, pixels!)];
});

function equalized(pixels: Tensor, applied: Tensor): Tensor {
  const bytes = levels([pixels])[0]!;
  const types = { Tidx: { dtype: 'int32' }, T: { dtype: 'float32' }, binary_output: false } as const;
  const counts = nativeOp('DenseBincount', [bytes, tf.scalar(LEVELS, 'int32'), tf.zeros([0])], types);
  const known = counts.reshape([bytes.shape[0]!, LEVELS]); // its shape is not known inside a graph before
  const numbers = table([known, tf.cumsum(known, 1), tf.range(0, LEVELS).expandDims(0)])[0]!;
  return looked([pixels, bytes, numbers, applied])[0]!;
}

export const equalizeKind: OpKind<Equalize> = {
  complete(given) {
    checkKeys('equalize', given, ['p']);
    const { p = 0.5 } = given;
    checkProbability('equalize', p);
    return { op: 'equalize', p };
  },
  draws: 1,
  draw: ({ p }, u) => ({ applied: coin(column(u, 0), p) }),
  apply: (canvas, _settings, { applied }) =>
    onPixels(canvas, pixels => equalized(pixels, applied!), { eitherWay: true }),
};

/**
 * Equalizes the histogram of each channel, of values rounded to bytes, as PIL's `ImageOps.equalize`, with probability `p` (default 0.5,
 * torchvision's `RandomEqualize`). A channel of too few pixels or values for PIL to change it keeps its bytes.
 * @throws ConfigError when `p` is no probability.
 */
export function equalize(settings: Partial<Omit<Equalize, 'op'>> = {}): Equalize {
  return equalizeKind.complete(settings);
}
