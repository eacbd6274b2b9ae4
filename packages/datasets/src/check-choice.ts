import { ConfigError } from '@ssl/core/setup';

/** Throws `ConfigError` unless `value` is one of `choices`. @param who says the function, @param what the option, as in `cifar10: split must be …` */
export function checkChoice<C extends string>(who: string, what: string, value: string, choices: readonly C[]): void {
  if ((choices as readonly string[]).includes(value)) return;
  const listed = [choices.slice(0, -1).join(', '), choices.at(-1)].filter(Boolean).join(' or ');
  throw new ConfigError(`${who}: ${what} must be ${listed}; got ${value}`);
}
