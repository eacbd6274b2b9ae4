import { ConfigError } from '../../errors.ts';

/** `[low, high]`, both ends allowed. */
export type Range = readonly [low: number, high: number];

/**
 * Refuses settings that are not among the known ones, so that a misspelt key in a stored plan is not lost in silence.
 * @throws ConfigError
 */
export function checkKeys(who: string, given: object, known: readonly string[]): void {
  for (const key of Object.keys(given)) {
    if (key !== 'op' && !known.includes(key)) {
      throw new ConfigError(
        `${who}: settings must be among ${known.join(', ') || 'none'}; got '${key}'; remove or rename it`,
      );
    }
  }
}

/** @throws ConfigError unless `value` is finite and within `[low, high]`. */
export function checkNumber(who: string, name: string, value: number, [low, high]: Range): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < low || value > high) {
    throw new ConfigError(`${who}: ${name} must be a number ${within(low, high)}; got ${String(value)}`);
  }
}

/** @throws ConfigError unless `value` is a whole number within `[low, high]`. */
export function checkWhole(who: string, name: string, value: number, [low, high]: Range): void {
  if (!Number.isSafeInteger(value) || value < low || value > high) {
    throw new ConfigError(`${who}: ${name} must be a whole number ${within(low, high)}; got ${String(value)}`);
  }
}

/** @throws ConfigError unless `value` is `[low, high]` with `low <= high`, both within `bounds`. */
export function checkRange(who: string, name: string, value: Range, bounds: Range): void {
  const pair = Array.isArray(value) && value.length === 2;
  if (!pair || value.some(end => typeof end !== 'number' || !Number.isFinite(end)) || value[0] > value[1]) {
    throw new ConfigError(`${who}: ${name} must be [low, high] with low <= high; got ${JSON.stringify(value)}`);
  }
  for (const end of value) checkNumber(who, name, end, bounds);
}

/** @throws ConfigError unless `p` is a probability. */
export function checkProbability(who: string, p: number): void {
  checkNumber(who, 'p', p, [0, 1]);
}

function within(low: number, high: number): string {
  if (high < Number.MAX_VALUE) return `from ${low} to ${high}`;
  return low > -Number.MAX_VALUE ? `of at least ${low}` : 'that is finite';
}
