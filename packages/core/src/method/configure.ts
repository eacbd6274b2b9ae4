import { ConfigError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';

/**
 * Defaults with overrides on top. `undefined` leaves the default. Throws `ConfigError` for a setting that does not exist
 * (naming the nearest one that does), of another type than its default, or not finite.
 */
export function configure<C extends object>(who: string, defaults: C, overrides: Readonly<Record<string, unknown>>): C {
  const known = Object.keys(defaults);
  for (const [key, value] of Object.entries(overrides)) {
    if (!known.includes(key)) {
      throw new ConfigError(
        `${who}: there is no setting '${key}'; ${didYouMean(key, known)} known: ${known.join(', ')}`,
      );
    }
    const expected = (defaults as Record<string, unknown>)[key];
    if (value === undefined || expected === null || expected === undefined) continue;
    if (typeof value !== typeof expected || Array.isArray(value) !== Array.isArray(expected)) {
      throw new ConfigError(
        `${who}: '${key}' must be a ${Array.isArray(expected) ? 'list' : typeof expected}, as its default ${JSON.stringify(expected)}; got ${JSON.stringify(value)}`,
      );
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new ConfigError(`${who}: '${key}' must be finite; got ${value}`);
    }
  }
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}
