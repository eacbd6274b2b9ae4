import { type Module, mlp, rngFromSeed } from '@ssl/core';
import type { SimSiamConfig } from './config.ts';

export interface Heads {
  /** `[B, D]` → `[B, P]`. A norm follows every layer; the last has neither scale nor offset. */
  readonly head: Module;
  /** `[B, P]` → `[B, P]` through a bottleneck. Its last layer has a bias and no norm. */
  readonly predictor: Module;
}

/** The heads of the code's `simsiam/builder.py`, with its names. @param D width of the features */
export function headsOf(D: number, config: Omit<SimSiamConfig, 'fixPredictorRate'>, seed: number): Heads {
  const { hiddenDim, projectionDim: P, layers, predictorHiddenDim } = config;
  const rng = rngFromSeed(seed);
  const hidden = Array<number>(layers - 1).fill(hiddenDim);
  return {
    head: mlp([D, ...hidden, P], { rng, lastNorm: 'plain' }),
    predictor: mlp([P, predictorHiddenDim, P], { rng }),
  };
}
