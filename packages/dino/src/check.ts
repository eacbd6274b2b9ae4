/** What `dino` refuses. */
import { type Backbone, ConfigError, configure, requireCounts, type ViewPlan, type VisionTransformer } from '@ssl/core';
import { everyView } from '@ssl/core/data';
import { type DINOConfig, defaults } from './config.ts';

/** Views that the teacher sees, the first ones. */
export const TEACHER_VIEWS = 2;

export function checkedConfig(overrides: Partial<DINOConfig>): DINOConfig {
  const config = configure('dino', defaults, overrides);
  const { hiddenDim, bottleneckDim, outputDim, layers, freezeLastLayer, warmupTeacherTemperatureEpochs } = config;
  requireCounts('dino', { hiddenDim, bottleneckDim, layers });
  requireCounts('dino', { outputDim }, 2);
  requireCounts('dino', { freezeLastLayer, warmupTeacherTemperatureEpochs }, 0);
  demand(config, 'above 0', ['studentTemperature', 'teacherTemperature', 'warmupTeacherTemperature'], x => x > 0);
  demand(config, 'from 0 to 1', ['centerMomentum', 'momentum'], x => x >= 0 && x <= 1);
  if (!['mean', 'sinkhorn'].includes(config.centering))
    throw new ConfigError(`dino: centering must be 'mean' or 'sinkhorn'; got '${config.centering}'`);
  demand(config, '0, for none, or above', ['clipGradient'], x => x >= 0);
  return config;
}

function demand(
  config: DINOConfig,
  rule: string,
  names: readonly (keyof DINOConfig)[],
  allowed: (value: number) => boolean,
): void {
  for (const name of names) {
    if (allowed(config[name] as number)) continue;
    throw new ConfigError(`dino: ${name} must be ${rule}; got ${config[name]}; ${defaults[name]} is usual`);
  }
}

/** The views of the teacher come first and are the largest; the backbone takes all sizes. */
export function checkViews(plan: ViewPlan, backbone: Backbone): void {
  const sizes = everyView(plan).map(({ size }) => size);
  const large = sizes.slice(0, TEACHER_VIEWS);
  const refuse = (rule: string): never => {
    throw new ConfigError(`dino: ${rule}; got views of ${sizes.join(', ')} pixels; make them with dinoViews()`);
  };
  if (large.length < TEACHER_VIEWS || new Set(large).size > 1) refuse('the first two views must be of one size');
  if (sizes.some(size => size > large[0]!)) refuse('the other views must not be larger than the first two');
  for (const size of new Set(sizes)) backbone.checkSize?.(size);
}

export function isTransformer(backbone: Backbone): backbone is VisionTransformer {
  return 'attentionMaps' in backbone;
}
