import { kernel } from '../../../tensor/fused.ts';
import { tf } from '../../../tensor/tf.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkProbability, checkRange, type Range } from '../check.ts';
import { coin, column, type OpKind, spread, whenApplied } from '../op.ts';

/** Lines grow or shrink by up to a pixel on each side: a drawing in another weight. */
export interface StrokeWidth {
  readonly op: 'strokeWidth';
  readonly p: number;
  /** How far towards the 3 × 3 dilation or erosion; 1 is a whole pixel. */
  readonly amount: Range;
}

/** The pixels, or their negatives where the dark is to grow, with a border that is smaller than any. */
const bordered = kernel('views_stroke_border', (pixels, amount) => [
  pixels!.mul(beside(tf.sign(amount!), 4)).pad(
    [
      [0, 0],
      [0, 0],
      [1, 1],
      [1, 1],
    ],
    -2,
  ),
]);

/** From each pixel towards the largest of its 3 × 3 neighbours. */
const grown = kernel('views_stroke', (pixels, border, amount) => {
  const [, , h, w] = pixels!.shape as [number, number, number, number];
  const shifted = [0, 1, 2].flatMap(y => [0, 1, 2].map(x => border!.slice([0, 0, y, x], [-1, -1, h, w])));
  const largest = shifted.reduce((a, b) => tf.maximum(a, b)).mul(beside(tf.sign(amount!), 4));
  return [pixels!.add(largest.sub(pixels!).mul(beside(tf.abs(amount!), 4)))];
});

export const strokeWidthKind: OpKind<StrokeWidth> = {
  complete(given) {
    const who = 'strokeWidth';
    checkKeys(who, given, ['p', 'amount']);
    const { p = 0.5, amount = [0, 1] } = given;
    checkProbability(who, p);
    checkRange(who, 'amount', amount, [0, 1]);
    return { op: who, p, amount };
  },
  draws: 3,
  draw({ p, amount }, u) {
    const sign = coin(column(u, 1), 0.5).mul(2).sub(1);
    return { amount: whenApplied(coin(column(u, 2), p), spread(column(u, 0), amount).mul(sign), 0) };
  },
  apply: (canvas, _settings, { amount }) =>
    onPixels(canvas, pixels => grown([pixels, bordered([pixels, amount!])[0]!, amount!])[0]!),
};

/**
 * Makes what is light grow (a positive drawn amount) or what is dark (a negative one), equally often, with probability `p`.
 * @param settings `amount` within [0, 1], default `[0, 1]`: anything up to one pixel on each side of a line; `p`, default 0.5.
 * @throws ConfigError when a setting is out of range.
 */
export function strokeWidth(settings: Partial<Omit<StrokeWidth, 'op'>> = {}): StrokeWidth {
  return strokeWidthKind.complete(settings);
}
