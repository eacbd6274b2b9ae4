import { ConfigError } from '../../../errors.ts';
import { kernel } from '../../../tensor/fused.ts';
import { type Tensor, tf } from '../../../tensor/tf.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkNumber, checkProbability, checkRange, type Range } from '../check.ts';
import { SEED_DRAWS, seeds, uniformNoise } from '../noise.ts';
import { coin, column, type OpKind, spread, whenApplied } from '../op.ts';
import { firstWhere, TRIES, wholeUpTo } from '../tries.ts';

/** A number 0 to 1; one for each channel; noise of its own for every value; or the mean of each channel of the picture. */
type Fill = number | readonly number[] | 'noise' | 'mean';

/** A random rectangle of the view covered. */
export interface Erase {
  readonly op: 'erase';
  readonly p: number;
  /** Area of the rectangle, as a share of the view's. */
  readonly scale: Range;
  /** Height divided by width, drawn uniformly on a logarithmic scale. */
  readonly ratio: Range;
  /** What covers it: 0 to 1, one number or one for each channel; `noise`; or `mean`, of each channel. */
  readonly fill: Fill;
}

const covered = kernel('views_erase', (pixels, top, left, height, width, fill, y, x) => {
  const within = (at: Tensor, start: Tensor, length: Tensor): Tensor =>
    tf.logicalAnd(at.greaterEqual(beside(start, 4)), at.less(beside(start.add(length), 4)));
  return [tf.where(tf.logicalAnd(within(y!, top!, height!), within(x!, left!, width!)), fill!, pixels!)];
});

function fillOf(pixels: Tensor, fill: Fill, seed: Tensor): Tensor {
  if (fill === 'noise') return uniformNoise(seed, pixels);
  if (fill === 'mean') return pixels.mean([2, 3], true);
  if (typeof fill === 'number') return tf.scalar(fill);
  const channels = pixels.shape[1]!;
  if (fill.length === channels) return tf.tensor([...fill], [1, channels, 1, 1]);
  throw new ConfigError(`erase: fill must have one number for each of ${channels} channels; got ${fill.length}`);
}

export const eraseKind: OpKind<Erase> = {
  complete(given) {
    const who = 'erase';
    checkKeys(who, given, ['p', 'scale', 'ratio', 'fill']);
    // torchvision's `RandomErasing`.
    const { p = 0.5, scale = [0.02, 0.33], ratio = [0.3, 3.3], fill = 0 } = given;
    checkProbability(who, p);
    checkRange(who, 'scale', scale, [1e-6, 1]);
    checkRange(who, 'ratio', ratio, [1e-3, 1e3]);
    checkFill(who, fill);
    return { op: who, p, scale, ratio, fill };
  },
  draws: 2 * TRIES + 3 + SEED_DRAWS,
  draw({ p, scale, ratio }, u, { size }) {
    const area = spread(tf.slice(u, [0, 0], [-1, TRIES]), scale).mul(size * size); // [B, TRIES]
    const aspect = tf.exp(spread(tf.slice(u, [0, TRIES], [-1, TRIES]), [Math.log(ratio[0]), Math.log(ratio[1])]));
    const [h, w] = [tf.round(tf.sqrt(area.mul(aspect))), tf.round(tf.sqrt(area.div(aspect)))];
    const first = firstWhere(h.less(size), w.less(size));
    const applied = coin(column(u, 2 * TRIES + 2), p);
    // Where no try fits, the sum is 0: nothing is covered.
    const [height, width] = [h, w].map(tried => whenApplied(applied, tf.sum(tried.mul(first), 1), 0)) as [
      Tensor,
      Tensor,
    ];
    const place = (length: Tensor, i: number): Tensor => wholeUpTo(column(u, 2 * TRIES + i), tf.sub(size, length));
    const seed = seeds(tf.slice(u, [0, 2 * TRIES + 3], [-1, SEED_DRAWS]));
    return { top: place(height, 0), left: place(width, 1), height, width, seed };
  },
  apply: (canvas, { fill }, { top, left, height, width, seed }) =>
    onPixels(canvas, pixels => {
      const [h, w] = pixels.shape.slice(2) as [number, number];
      const [y, x] = [tf.range(0, h).reshape([1, 1, h, 1]), tf.range(0, w).reshape([1, 1, 1, w])];
      return covered([pixels, top!, left!, height!, width!, fillOf(pixels, fill, seed!), y, x])[0]!;
    }),
  example: { p: 1, scale: [0.1, 0.2], fill: 'noise' },
};

function checkFill(who: string, fill: Fill): void {
  if (fill === 'noise' || fill === 'mean') return;
  const numbers = Array.isArray(fill) ? (fill as readonly number[]) : [fill as number];
  if (numbers.length === 0 || numbers.some(value => typeof value !== 'number')) {
    throw new ConfigError(
      `${who}: fill must be a number, one number for each channel, 'noise' or 'mean'; got ${JSON.stringify(fill)}`,
    );
  }
  for (const value of numbers) checkNumber(who, 'fill', value, [0, 1]);
}

/**
 * Covers a random rectangle with probability `p`, as torchvision's `RandomErasing`: area and ratio are drawn up to ten times for one
 * that is smaller than the view, which stays as it is when none was.
 * @param settings `scale` within (0, 1], default `[0.02, 0.33]`; `ratio`, default `[0.3, 3.3]`; `p`, default 0.5; `fill` on the scale 0
 * to 1, before `normalize`: a number or one for each channel (default 0: black), `'noise'` (uniform, arXiv:1708.04896, section 3), or
 * `'mean'` (of the picture's channel).
 * @throws ConfigError when a setting is out of range.
 */
export function erase(settings: Partial<Omit<Erase, 'op'>> = {}): Erase {
  return eraseKind.complete(settings);
}
