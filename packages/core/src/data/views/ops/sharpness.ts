import { kernel } from '../../../tensor/fused.ts';
import { tf } from '../../../tensor/tf.ts';
import { smoothing } from '../bytes.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkProbability, checkRange, type Range } from '../check.ts';
import { coin, column, type OpKind, spread, whenApplied } from '../op.ts';

/** Values further from those of a smoothed picture, or nearer. */
export interface Sharpness {
  readonly op: 'sharpness';
  /** 0 is the smoothed picture, 1 changes nothing, 2 sharpens. */
  readonly factor: Range;
  readonly p: number;
}

const sharpened = kernel('views_sharpness', (pixels, factor) => [
  pixels!.add(smoothing(pixels!).mul(beside(tf.sub(1, factor!).div(13), 4))).clipByValue(0, 1),
]);

export const sharpnessKind: OpKind<Sharpness> = {
  complete(given) {
    const who = 'sharpness';
    checkKeys(who, given, ['factor', 'p']);
    // The range of PIRL's photometric set (facebookresearch/vissl, `pil_photometric_transforms_lib.py`); torchvision's p.
    const { factor = [0.1, 1.9], p = 0.5 } = given;
    checkRange(who, 'factor', factor, [0, 100]);
    checkProbability(who, p);
    return { op: who, factor, p };
  },
  draws: 2,
  draw: ({ factor, p }, u) => ({ factor: whenApplied(coin(column(u, 1), p), spread(column(u, 0), factor), 1) }),
  apply: (canvas, _settings, { factor }) =>
    onPixels(canvas, pixels => sharpened([pixels, factor!])[0]!, { eitherWay: true }),
  example: { factor: [6, 6], p: 1 },
};

/**
 * Blurs or sharpens with probability `p`, as torchvision's `adjust_sharpness` and PIL's `ImageEnhance.Sharpness`; the outermost
 * pixels stay as they are, as there.
 * @param settings `factor` from 0, default `[0.1, 1.9]` (PIRL's); `p`, default 0.5 (torchvision's `RandomAdjustSharpness`).
 * @throws ConfigError when a setting is out of range.
 */
export function sharpness(settings: Partial<Omit<Sharpness, 'op'>> = {}): Sharpness {
  return sharpnessKind.complete(settings);
}
