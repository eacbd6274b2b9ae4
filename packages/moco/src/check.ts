/** What `moco` refuses. */
import { ConfigError, configure, requireCounts, requireTwoViews, ShapeError, type ViewPlan } from '@ssl/core';
import { defaults, type MoCoConfig, versions } from './config.ts';

/** The settings of the version, with overrides on top. */
export function checkedConfig(overrides: Partial<MoCoConfig>): MoCoConfig {
  const { version = defaults.version } = overrides;
  const own = [1, 2, 3].includes(version) ? versions[version] : undefined;
  if (!own) throw new ConfigError(`moco: version must be 1, 2 or 3; got ${JSON.stringify(version)}; 2 is the default`);
  const config = configure('moco', own, overrides);
  checkSizes(config);
  const { temperature, momentum, momentumSchedule } = config;
  if (!(temperature > 0))
    throw new ConfigError(`moco: temperature must be above 0; got ${temperature}; ${own.temperature} is usual`);
  if (!(momentum >= 0 && momentum <= 1)) {
    throw new ConfigError(`moco: momentum must be from 0 to 1; got ${momentum}; ${own.momentum} is usual`);
  }
  if (momentumSchedule !== 'constant' && momentumSchedule !== 'cosine') {
    throw new ConfigError(`moco: momentumSchedule must be constant or cosine; got '${momentumSchedule}'`);
  }
  return config;
}

function checkSizes({ version, queueSize, ...config }: MoCoConfig): void {
  const { projectionDim, hiddenDim, layers, shuffleGroups } = config;
  requireCounts('moco', { projectionDim, layers, shuffleGroups });
  requireCounts('moco', { hiddenDim }, 0);
  requireCounts('moco', { queueSize }, version === 3 ? 0 : 1);
  if (version === 3 && queueSize > 0) {
    throw new ConfigError(`moco: version 3 has no queue; got queueSize ${queueSize}; leave it out, or take version 2`);
  }
}

export function checkViews(plan: ViewPlan): void {
  requireTwoViews('moco', plan, 'mocoViews', { oneSize: true });
}

/** @param images in the batch, or in the part of it that is encoded at once */
export function checkGroups(groups: number, images: number): void {
  if (groups === 1 || images >= 2 * groups) return;
  const fix =
    images < 4
      ? 'set shuffleGroups to 1'
      : `set shuffleGroups to ${Math.floor(images / 2)} or less, or batchSize to ${2 * groups} or more`;
  throw new ShapeError(
    `moco: each of the ${groups} shuffleGroups needs 2 images or more; got a batch of ${images}; ${fix}`,
  );
}
