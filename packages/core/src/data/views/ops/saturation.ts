import { type ColorFactor, type ColorFactorSettings, colorFactorKind } from '../color-factor.ts';
import type { OpKind } from '../op.ts';

/** Values further from the pixel's own grey, or nearer. 0 is without colour. */
export type Saturation = ColorFactor<'saturation'>;

export const saturationKind: OpKind<Saturation, ColorFactorSettings> = colorFactorKind('saturation');

/**
 * Changes the saturation, as torchvision's `adjust_saturation`. Pictures of other than three channels have none: see `channelRule`.
 * @param settings `factor`, at least 0, a range or a number `v` for `[max(0, 1 - v), 1 + v]`, default 0.4 (MoCo's and PIRL's jitter);
 * `p`, default 1.
 * @throws ConfigError when a setting is out of range.
 */
export function saturation(settings: ColorFactorSettings = {}): Saturation {
  return saturationKind.complete(settings);
}
