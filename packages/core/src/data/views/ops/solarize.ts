import { kernel } from '../../../tensor/fused.ts';
import { tf } from '../../../tensor/tf.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkNumber, checkProbability } from '../check.ts';
import { coin, column, type OpKind } from '../op.ts';

/** Every value at or above a threshold becomes its negative. */
export interface Solarize {
  readonly op: 'solarize';
  readonly p: number;
  /** On the scale 0 to 1. */
  readonly threshold: number;
}

const overturn = kernel('views_solarize', (pixels, applied, threshold) => [
  tf.where(
    tf.logicalAnd(beside(applied!, 4).greater(0), pixels!.greaterEqual(threshold!)),
    tf.sub(1, pixels!),
    pixels!,
  ),
]);

export const solarizeKind: OpKind<Solarize> = {
  complete(given) {
    const who = 'solarize';
    checkKeys(who, given, ['p', 'threshold']);
    // BYOL's second view, arXiv:2006.07733, appendix B.
    const { p = 0.2, threshold = 0.5 } = given;
    checkProbability(who, p);
    checkNumber(who, 'threshold', threshold, [0, 1]);
    return { op: who, p, threshold };
  },
  draws: 1,
  draw: ({ p }, u) => ({ applied: coin(column(u, 0), p) }),
  apply: (canvas, { threshold }, { applied }) =>
    onPixels(canvas, pixels => overturn([pixels, applied!, tf.scalar(threshold)])[0]!, { eitherWay: true }),
};

/**
 * Solarizes with probability `p` (default 0.2).
 * @param settings `threshold` on the scale 0 to 1, default 0.5.
 * @throws ConfigError when a setting is out of range.
 */
export function solarize(settings: Partial<Omit<Solarize, 'op'>> = {}): Solarize {
  return solarizeKind.complete(settings);
}
