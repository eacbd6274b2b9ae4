import type { Backbone, VisionTransformer } from '../backbones/index.ts';
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

/** Throws `ConfigError` for a plan of other than one view. @param maker the function that makes it, for the message */
export function requireOneView(who: string, plan: ViewPlan, maker: string): void {
  const count = everyView(plan).length;
  if (count === 1) return;
  throw new ConfigError(`${who}: views must be one; got ${count}; make it with ${maker}()`);
}

/**
 * The backbone as the vision transformer that it is. Throws `ConfigError` for one of another kind, and for views that its patches do not
 * divide.
 * @param example what to write instead, for the message
 */
export function requireVisionTransformer(
  who: string,
  given: Backbone,
  plan: ViewPlan,
  example: string,
): VisionTransformer {
  if (!isVisionTransformer(given)) {
    throw new ConfigError(
      `${who}: backbone must be a vision transformer, which can leave patches out; got '${given.name}'; take ${example}`,
    );
  }
  for (const { size } of plan) given.checkSize?.(size);
  return given;
}

function isVisionTransformer(given: Backbone): given is VisionTransformer {
  return 'tokens' in given && 'config' in given;
}
