/** What `nnclr` refuses. */
import { ConfigError, configure, type ViewPlan } from '@ssl/core';
import { defaults, type NNCLRConfig } from './config.ts';

export function checkedConfig(overrides: Partial<NNCLRConfig>): NNCLRConfig {
  const config = configure('nnclr', defaults, overrides);
  const { temperature, ...sizes } = config;
  for (const [name, value] of Object.entries(sizes)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new ConfigError(`nnclr: ${name} must be a whole number of at least 1; got ${value}`);
  }
  if (temperature <= 0) throw new ConfigError(`nnclr: temperature must be above 0; got ${temperature}; 0.1 is usual`);
  return config;
}

export function checkViews(plan: ViewPlan): void {
  const count = plan.reduce((sum, view) => sum + view.count, 0);
  const sizes = new Set(plan.map(({ size }) => size));
  if (count === 2 && sizes.size === 1) return;
  throw new ConfigError(
    `nnclr: views must be two of one size; got ${count} of ${[...sizes].join(' and ')} pixels; make them with nnclrViews()`,
  );
}
