import { everyView, type ViewPlan } from '../data/index.ts';
import { ConfigError } from '../errors.ts';

/** Throws `ConfigError` naming the first of the settings that is no whole number of at least `least`. */
export function requireCounts(who: string, settings: Readonly<Record<string, number>>, least: number = 1): void {
  for (const [name, value] of Object.entries(settings)) {
    if (Number.isInteger(value) && value >= least) continue;
    throw new ConfigError(`${who}: ${name} must be a whole number of at least ${least}; got ${value}`);
  }
}

/**
 * Throws `ConfigError` for a plan of other than two views.
 * @param maker the function that makes them, for the message
 * @param options.oneSize also for two of different sizes: where both go through the network in one pass. Default false.
 */
export function requireTwoViews(
  who: string,
  plan: ViewPlan,
  maker: string,
  { oneSize = false }: { readonly oneSize?: boolean } = {},
): void {
  const count = everyView(plan).length;
  const sizes = [...new Set(plan.map(({ size }) => size))];
  if (count === 2 && (!oneSize || sizes.length === 1)) return;
  const [rule, got] = oneSize ? ['two of one size', `${count} of ${sizes.join(' and ')} pixels`] : ['two', `${count}`];
  throw new ConfigError(`${who}: views must be ${rule}; got ${got}; make them with ${maker}()`);
}
