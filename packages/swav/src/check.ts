/** What `swav` refuses. */
import { ConfigError, configure, type RunFacts, requireCounts, type ViewPlan } from '@ssl/core';
import { ASSIGNED_VIEWS, defaults, type SwAVConfig } from './config.ts';

export function checkedConfig(overrides: Partial<SwAVConfig>): SwAVConfig {
  const config = configure('swav', defaults, overrides);
  const { temperature, epsilon, momentum, queueSize, queueStartEpoch, freezeEpochs, prototypes, ...counts } = config;
  requireCounts('swav', counts);
  requireCounts('swav', { prototypes }, 2);
  requireCounts('swav', { queueSize, queueStartEpoch, freezeEpochs }, 0);
  for (const [name, value] of Object.entries({ temperature, epsilon })) {
    if (!(value > 0))
      throw new ConfigError(`swav: ${name} must be above 0; got ${value}; ${defaults[name as 'epsilon']} is usual`);
  }
  if (!(momentum >= 0 && momentum < 1)) {
    throw new ConfigError(
      `swav: momentum must be from 0 to below 1; got ${momentum}; 0 is without, 0.99 is usual with it`,
    );
  }
  return config;
}

/** The views that images are assigned by come first and are the largest. */
export function checkViews(plan: ViewPlan): void {
  const sizes = plan.flatMap(({ count, size }) => Array<number>(count).fill(size));
  const large = sizes.slice(0, ASSIGNED_VIEWS);
  const wrong = (rule: string): ConfigError =>
    new ConfigError(`swav: ${rule}; got views of ${sizes.join(', ')} pixels; make them with swavViews()`);
  if (large.length < ASSIGNED_VIEWS || new Set(large).size > 1) throw wrong('the first two views must be of one size');
  if (sizes.some(size => size > large[0]!)) throw wrong('the small views must not be larger than the first two');
}

/** Each prototype is to get an equal share of the images that are assigned together: with fewer images than prototypes none is filled. */
export function checkRun({ prototypes, queueSize }: SwAVConfig, { recipe: { batchSize } }: RunFacts): void {
  if (queueSize > 0 && queueSize < batchSize) {
    throw new ConfigError(
      `swav: queueSize must be 0 or at least batchSize ${batchSize}; got ${queueSize}; use ${15 * batchSize}, say`,
    );
  }
  const together = batchSize + queueSize;
  if (prototypes <= together) return;
  throw new ConfigError(
    `swav: prototypes must be at most the images that are assigned together, batchSize ${batchSize} and queueSize ${queueSize}; got ${prototypes}; ` +
      `use ${together} or fewer, or a longer queue`,
  );
}
