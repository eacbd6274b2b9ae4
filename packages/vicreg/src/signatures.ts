import { type MetricLine, rankFalls, recent, type Signature, staysBelow } from '@ssl/core';
import { defaults, type VICRegConfig } from './config.ts';

/** Steps over which metrics are averaged: single batches scatter. */
const STEPS = 30;
/** Deviation as a share of γ: below the first nothing is left, below the second no more than an untrained network has. */
const GONE = 0.1;
const LOW = 0.5;
/** Share of its first value to which the deviation must have fallen, and the distance of the views below which they agree. */
const FALLEN = 0.7;
const AGREED = 0.01;
/** Root mean square correlation between dimensions: at 1 all dimensions are one. */
const ALIKE = 0.7;
/** Largest deviation of the correlation of independent numbers that is no trouble: from 26 images on. */
const CHANCE = 0.2;

/** How runs of VICReg fail, told from its terms, `std` and RankMe. */
export function signatures({ gamma, projectionDim: P }: Pick<VICRegConfig, 'gamma' | 'projectionDim'>): Signature[] {
  /** Root mean square correlation between dimensions, were all deviations the mean one. */
  const correlation = (lines: readonly MetricLine[]): number | undefined => {
    const [covariance, std] = [meanOf(lines, 'covariance'), meanOf(lines, 'std')];
    if (covariance === undefined || std === undefined || P < 2) return undefined;
    return Math.sqrt(Math.max(0, covariance) / (2 * (P - 1))) / std ** 2;
  };
  return [
    staysBelow('std', GONE * gamma, {
      cause: 'all images have nearly the same projection: nothing keeps the deviation up',
      change: `varianceWeight to as much as invarianceWeight (the defaults are ${defaults.varianceWeight} for both)`,
    }),
    {
      name: 'shrinking',
      evidence: ({ lines }) => {
        const [first, std, invariance] = [lines[0]?.std, meanOf(lines, 'std'), meanOf(lines, 'invariance')];
        if (first === undefined || std === undefined || invariance === undefined) return undefined;
        if (std > FALLEN * first || std > LOW * gamma || invariance > AGREED * gamma ** 2) return undefined;
        return `the views agree (invariance ${invariance.toPrecision(2)}) while std fell from ${first.toFixed(2)} to ${std.toFixed(2)}; ${gamma} is the aim`;
      },
      cause: 'the other terms outweigh the variance term: projections come closer by becoming smaller',
      change: `varianceWeight to as much as invarianceWeight (the defaults are ${defaults.varianceWeight} for both)`,
    },
    {
      name: 'redundant-dimensions',
      evidence: ({ lines, batchSize }) => {
        const [std, found] = [meanOf(lines, 'std'), correlation(lines)];
        if (std === undefined || found === undefined || chanceOf(batchSize) > CHANCE) return undefined;
        if (std < LOW * gamma || found < ALIKE) return undefined;
        return `covariance has grown to ${meanOf(lines, 'covariance')!.toPrecision(3)}: dimensions are correlated with one another by about ${Math.min(1, found).toFixed(2)}`;
      },
      cause: 'the covariance term is too weak to keep the dimensions apart',
      change: `a larger covarianceWeight (the default is ${defaults.covarianceWeight})`,
    },
    {
      name: 'batch-too-small',
      evidence: ({ lines, batchSize }) => {
        const [found, chance] = [correlation(lines), chanceOf(batchSize)];
        if (found === undefined || chance <= CHANCE || found > 2 * chance) return undefined;
        return `correlations are about ${found.toFixed(2)}; of independent numbers they are ${chance.toFixed(2)} in batches of ${batchSize}`;
      },
      cause: 'the batch is too small to measure variances and covariances with',
      change: 'batchSize 256 (App. C.4 of the paper: at least 128)',
    },
    rankFalls({
      cause: 'the features lose dimensions that the loss does not miss',
      change: 'a larger covarianceWeight where covariance is high too; else a lower learningRate (a tenth of it)',
    }),
  ];
}

/** The deviation of the correlation of independent numbers. */
function chanceOf(batchSize: number): number {
  return 1 / Math.sqrt(Math.max(1, batchSize - 1));
}

function meanOf(lines: readonly MetricLine[], metric: string): number | undefined {
  const values = recent(lines, metric, STEPS);
  return values.length < STEPS ? undefined : values.reduce((sum, value) => sum + value, 0) / STEPS;
}
