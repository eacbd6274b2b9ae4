import { type MetricLine, rankFalls, recent, type Signature } from '@ssl/core';
import { defaults } from './config.ts';

/** Steps over which `diagonal` and `offDiagonal` are averaged: single batches scatter. */
const STEPS = 30;
/** Mean C_ii of views that have next to nothing in common; that of an untrained network is larger. */
const UNRELATED = 0.1;
/** Mean C_ii from which on views agree, and correlations between dimensions as a share of it: at 1 all dimensions are one. */
const AGREEING = 0.5;
const ALIKE = 0.7;
/** Largest deviation of the correlation of independent numbers that is no trouble: from 26 images on. The paper's smallest batch is 128 (§4). */
const CHANCE = 0.2;

/** How runs of Barlow Twins fail, told from `diagonal`, `offDiagonal` and RankMe. */
export const signatures: readonly Signature[] = [
  {
    name: 'views-unrelated',
    evidence: ({ lines }) => {
      const diagonal = meanOf(lines, 'diagonal');
      if (diagonal === undefined || diagonal >= UNRELATED) return undefined;
      return `a dimension's correlation between the views was ${diagonal.toFixed(2)} in the last ${STEPS} steps; 1 is the aim`;
    },
    cause: 'the two views of an image have next to nothing in common',
    change: 'the augmentations to milder ones: larger crops, less colour jitter',
  },
  {
    name: 'redundant-dimensions',
    evidence: ({ lines, batchSize }) => {
      const [diagonal, others] = [meanOf(lines, 'diagonal'), meanOf(lines, 'offDiagonal')];
      if (diagonal === undefined || others === undefined || diagonal < AGREEING) return undefined;
      if (others < ALIKE * diagonal || chanceOf(batchSize) > CHANCE) return undefined;
      return `dimensions correlated with one another by ${others.toFixed(2)}, with themselves by ${diagonal.toFixed(2)} in the last ${STEPS} steps`;
    },
    cause: 'λ · projectionDim is too small to keep the dimensions apart',
    change: `a larger lambda; the default is ${defaults.lambda} for projectionDim ${defaults.projectionDim}`,
  },
  {
    name: 'batch-too-small',
    evidence: ({ lines, batchSize }) => {
      const [others, chance] = [meanOf(lines, 'offDiagonal'), chanceOf(batchSize)];
      if (others === undefined || chance <= CHANCE || others > 2 * chance) return undefined;
      return `correlations are about ${others.toFixed(2)}; of independent numbers they are ${chance.toFixed(2)} in batches of ${batchSize}`;
    },
    cause: 'the batch is too small to measure correlations with',
    change: 'batchSize 256 (§4 of the paper: at least 128)',
  },
  rankFalls({
    cause: 'the learning rate is too high for the features to stay apart',
    change: 'a lower learningRate (a tenth of it)',
  }),
];

/** The deviation of the correlation of independent numbers. */
function chanceOf(batchSize: number): number {
  return 1 / Math.sqrt(Math.max(1, batchSize - 1));
}

function meanOf(lines: readonly MetricLine[], metric: string): number | undefined {
  const values = recent(lines, metric, STEPS);
  return values.length < STEPS ? undefined : values.reduce((sum, value) => sum + value, 0) / STEPS;
}
