import { type ColorFactor, type ColorFactorSettings, colorFactorKind } from '../color-factor.ts';
import type { OpKind } from '../op.ts';

/** Darker or lighter: all values times a factor. 0 is black. */
export type Brightness = ColorFactor<'brightness'>;

export const brightnessKind: OpKind<Brightness, ColorFactorSettings> = colorFactorKind('brightness');

/**
 * Changes the brightness, as torchvision's `adjust_brightness`, for any number of channels.
 * @param settings `factor`, at least 0, a range or a number `v` for `[max(0, 1 - v), 1 + v]`, default 0.4 (MoCo's and PIRL's jitter);
 * `p`, default 1.
 * @throws ConfigError when a setting is out of range.
 */
export function brightness(settings: ColorFactorSettings = {}): Brightness {
  return brightnessKind.complete(settings);
}
