import { kernel } from '../../../tensor/fused.ts';
import { tf } from '../../../tensor/tf.ts';
import { posterized, toBytes } from '../bytes.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkProbability, checkRange, checkWhole, type Range } from '../check.ts';
import { coin, column, type OpKind, whenApplied } from '../op.ts';
import { wholeUpTo } from '../tries.ts';

/** Fewer levels of brightness in every channel. */
export interface Posterize {
  readonly op: 'posterize';
  /** Bits that are kept, whole numbers from 1 to 8; all 8 leave the picture as it is. */
  readonly bits: Range;
  readonly p: number;
}

const reduced = kernel('views_posterize', (pixels, bits) => [
  tf.where(beside(bits!, 4).less(8), posterized(toBytes(pixels!), bits!).div(255), pixels!),
]);

export const posterizeKind: OpKind<Posterize> = {
  complete(given) {
    const who = 'posterize';
    checkKeys(who, given, ['bits', 'p']);
    // The range of PIRL's photometric set (facebookresearch/vissl, `pil_photometric_transforms_lib.py`); torchvision's p.
    const { bits = [4, 8], p = 0.5 } = given;
    checkRange(who, 'bits', bits, [1, 8]);
    for (const end of bits) checkWhole(who, 'bits', end, [1, 8]);
    checkProbability(who, p);
    return { op: who, bits, p };
  },
  draws: 2,
  draw: ({ bits: [low, high], p }, u) => ({
    bits: whenApplied(coin(column(u, 1), p), wholeUpTo(column(u, 0), high - low).add(low), 8),
  }),
  apply: (canvas, _settings, { bits }) => onPixels(canvas, pixels => reduced([pixels, bits!])[0]!, { eitherWay: true }),
  example: { bits: [2, 2], p: 1 },
};

/**
 * Keeps the upper bits of every value, rounded to a byte first, as PIL's `ImageOps.posterize`, with probability `p`.
 * @param settings `bits`, whole numbers from 1 to 8, all equally likely, default `[4, 8]` (PIRL's); `p`, default 0.5 (torchvision's
 * `RandomPosterize`).
 * @throws ConfigError when a setting is out of range.
 */
export function posterize(settings: Partial<Omit<Posterize, 'op'>> = {}): Posterize {
  return posterizeKind.complete(settings);
}
