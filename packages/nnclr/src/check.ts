/** What `nnclr` refuses. */
import { ConfigError, configure, requireCounts, requireTwoViews, type ViewPlan } from '@ssl/core';
import { defaults, type NNCLRConfig } from './config.ts';

export function checkedConfig(overrides: Partial<NNCLRConfig>): NNCLRConfig {
  const config = configure('nnclr', defaults, overrides);
  const { temperature, ...sizes } = config;
  requireCounts('nnclr', sizes);
  if (temperature <= 0) throw new ConfigError(`nnclr: temperature must be above 0; got ${temperature}; 0.1 is usual`);
  return config;
}

export function checkViews(plan: ViewPlan): void {
  requireTwoViews('nnclr', plan, 'nnclrViews', { oneSize: true });
}
