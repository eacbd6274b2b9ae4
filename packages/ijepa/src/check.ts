/** What `ijepa` refuses, and the masks that its settings mean. */
import { ConfigError, requireCounts, type VisionTransformer } from '@ssl/core';
import { type Mask, multiBlockMask } from '@ssl/core/data';
import { defaults, type IJEPAConfig } from './config.ts';

/** @throws ConfigError for settings out of range, and for a backbone whose tokens are not those of the patches, normalised */
export function check(config: IJEPAConfig, { config: vit, prefixTokens }: VisionTransformer): void {
  const { predictorDim, predictorDepth, predictorHeads, contextTokens, momentum, loss } = config;
  requireCounts('ijepa', { predictorDim, predictorDepth });
  requireCounts('ijepa', { predictorHeads, contextTokens }, 0);
  const heads = predictorHeads || vit.heads;
  if (predictorDim % 4 !== 0 || predictorDim % heads !== 0) {
    throw new ConfigError(
      `ijepa: predictorDim must be a multiple of 4 and of the heads; got ${predictorDim} for ${heads} heads; change predictorDim or predictorHeads`,
    );
  }
  if (!(momentum >= 0 && momentum <= 1)) {
    throw new ConfigError(`ijepa: momentum must be from 0 to 1; got ${momentum}; ${defaults.momentum} is usual`);
  }
  if (loss !== 'smooth-l1' && loss !== 'mse') {
    throw new ConfigError(`ijepa: loss must be 'smooth-l1' or 'mse'; got '${loss as string}'; choose one`);
  }
  if (prefixTokens > 0 || vit.fcNorm) {
    const got = prefixTokens > 0 ? `${prefixTokens} tokens before them` : 'fcNorm true';
    throw new ConfigError(
      `ijepa: the backbone's tokens must be those of the patches alone, normalised; got ${got}; make it with { classToken: false }, without registers and fcNorm`,
    );
  }
}

/** @throws ConfigError where blocks do not fit the grid, or targets leave nothing to the context */
export function masksOf(config: IJEPAConfig, grid: readonly [number, number]): Mask<'context' | 'targets'> {
  const { targets, targetScale, targetAspect, contextScale, contextTokens, lastLine } = config;
  const range = (name: string, [low, high, ...more]: readonly number[]): [number, number] => {
    if (low !== undefined && high !== undefined && more.length === 0) return [low, high];
    throw new ConfigError(
      `ijepa: ${name} must be two numbers, the least and the largest; got ${JSON.stringify(config[name as 'targetScale'])}`,
    );
  };
  return multiBlockMask({
    ...{ grid, targets, lastLine, ...(contextTokens > 0 && { contextTokens }) },
    targetScale: range('targetScale', targetScale),
    targetAspect: range('targetAspect', targetAspect),
    contextScale: range('contextScale', contextScale),
  });
}
