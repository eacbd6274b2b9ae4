/** How much colour changes, as torchvision's `ColorJitter` reads it: a number stands for a range around "no change". */
import { checkNumber, checkRange, type Range } from './check.ts';

/** Factors: a number `v` stands for `[max(0, 1 - v), 1 + v]`. @throws ConfigError when one is negative. */
export function factorRange(who: string, name: string, value: number | Range): Range {
  if (typeof value === 'number') checkNumber(who, name, value, [0, Number.MAX_VALUE]);
  const range: Range = typeof value === 'number' ? [Math.max(0, 1 - value), 1 + value] : value;
  checkRange(who, name, range, [0, Number.MAX_VALUE]);
  return range;
}

/** Turns of the colour circle: a number `v` stands for `[-v, v]`. @throws ConfigError when one is beyond half a turn. */
export function turnRange(who: string, name: string, value: number | Range): Range {
  if (typeof value === 'number') checkNumber(who, name, value, [0, 0.5]);
  const range: Range = typeof value === 'number' ? [value === 0 ? 0 : -value, value] : value;
  checkRange(who, name, range, [-0.5, 0.5]);
  return range;
}
