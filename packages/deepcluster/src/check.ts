/** What `deepcluster` refuses. */
import { ConfigError, configure, type RunFacts, requireCounts, type ViewPlan } from '@ssl/core';
import { type DeepClusterConfig, defaults, REMEMBERED_VIEWS } from './config.ts';

export function checkedConfig(overrides: Partial<DeepClusterConfig>): DeepClusterConfig {
  const config = configure('deepcluster', defaults, overrides);
  const { temperature, clusters, images, ...counts } = config;
  requireCounts('deepcluster', counts);
  requireCounts('deepcluster', { images }, 0);
  if (clusters.length === 0) {
    throw new ConfigError(
      'deepcluster: clusters must have a number for each head; got none; [3000, 3000, 3000] is usual',
    );
  }
  for (const [i, K] of clusters.entries()) requireCounts('deepcluster', { [`clusters[${i}]`]: K }, 2);
  if (!(temperature > 0))
    throw new ConfigError(`deepcluster: temperature must be above 0; got ${temperature}; 0.1 is usual`);
  if (images > 0) checkImages(config, images);
  return config;
}

/** The views that are remembered come first and are the largest. */
export function checkViews(plan: ViewPlan): void {
  const sizes = plan.flatMap(({ count, size }) => Array<number>(count).fill(size));
  const large = sizes.slice(0, REMEMBERED_VIEWS);
  const wrong = (rule: string): ConfigError =>
    new ConfigError(`deepcluster: ${rule}; got views of ${sizes.join(', ')} pixels; make them with deepClusterViews()`);
  if (large.length < REMEMBERED_VIEWS || new Set(large).size > 1)
    throw wrong('the first two views must be of one size');
  if (sizes.some(size => size > large[0]!)) throw wrong('the small views must not be larger than the first two');
}

export function checkImages({ clusters }: DeepClusterConfig, images: RunFacts['images']): void {
  const most = Math.max(...clusters);
  if (most <= images) return;
  throw new ConfigError(
    `deepcluster: clusters must be at most the images; got ${most} for ${images} images; use a fifth of them or fewer`,
  );
}
