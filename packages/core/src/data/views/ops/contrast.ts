import { type ColorFactor, type ColorFactorSettings, colorFactorKind } from '../color-factor.ts';
import type { OpKind } from '../op.ts';

/** Values further from the picture's mean grey, or nearer. 0 is that grey everywhere. */
export type Contrast = ColorFactor<'contrast'>;

export const contrastKind: OpKind<Contrast, ColorFactorSettings> = colorFactorKind('contrast');

/**
 * Changes the contrast, as torchvision's `adjust_contrast`. The grey is the mean luma, without three channels the mean of all values.
 * @param settings `factor`, at least 0, a range or a number `v` for `[max(0, 1 - v), 1 + v]`, default 0.4 (MoCo's and PIRL's jitter);
 * `p`, default 1.
 * @throws ConfigError when a setting is out of range.
 */
export function contrast(settings: ColorFactorSettings = {}): Contrast {
  return contrastKind.complete(settings);
}
