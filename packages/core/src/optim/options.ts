import { ConfigError } from '../errors.ts';

/** Throws `ConfigError` unless `value` is a number for which `allowed` holds; `rule` says it in words. */
export function requireNumber(
  who: string,
  name: string,
  value: number,
  rule: string,
  allowed: (value: number) => boolean,
): void {
  if (typeof value === 'number' && Number.isFinite(value) && allowed(value)) return;
  throw new ConfigError(`${who}: ${name} must be ${rule}; got ${value}; change ${name}`);
}

/** A share in `[0, 1)`: momentum, the betas of Adam. */
export function requireDecay(who: string, name: string, value: number): void {
  requireNumber(who, name, value, 'a number in [0, 1)', x => x >= 0 && x < 1);
}

export function requirePositive(who: string, name: string, value: number): void {
  requireNumber(who, name, value, 'a finite number above 0', x => x > 0);
}

export function requireNotNegative(who: string, name: string, value: number): void {
  requireNumber(who, name, value, 'a finite number, 0 or above', x => x >= 0);
}
