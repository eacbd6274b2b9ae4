import { checkKeys, checkNumber, checkRange, type Range } from '../check.ts';
import { type RandomAffine, randomAffine } from './random-affine.ts';

export interface RandomRotationSettings {
  /** Degrees counter-clockwise; a number `v` stands for `[-v, v]`. */
  readonly degrees?: number | Range;
  readonly p?: number;
  /** What shows where the picture ends, on the scale 0 to 1. */
  readonly fill?: number;
}

/**
 * Rotates about the centre with probability `p`, bilinearly, as torchvision's `RandomRotation` without `expand`. Its directions are
 * torchvision's too: counter-clockwise here, clockwise in `randomAffine`, which this makes.
 * @param settings `degrees`, default 10; `p`, default 1; `fill`, 0 to 1, default 0 (black).
 * @throws ConfigError when a setting is out of range.
 */
export function randomRotation(settings: RandomRotationSettings = {}): RandomAffine {
  checkKeys('randomRotation', settings, ['degrees', 'p', 'fill']);
  const { degrees = 10, ...others } = settings;
  if (typeof degrees !== 'number') {
    checkRange('randomRotation', 'degrees', degrees, [-360, 360]);
    return randomAffine({ ...others, degrees: [0 - degrees[1], 0 - degrees[0]] });
  }
  checkNumber('randomRotation', 'degrees', degrees, [0, 360]);
  return randomAffine({ ...others, degrees: [-degrees, degrees] });
}
