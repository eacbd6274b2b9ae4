/** SimSiam's row of the results table: `pnpm reproduce icons`. */
import { simsiam } from '@ssl/simsiam';
import type { ReproduceRow } from '../../reproduce/row.ts';

/** Narrow heads for a narrow network; the predictor is a quarter as wide, as the paper's. */
const SETTINGS = { hiddenDim: 512, projectionDim: 512, predictorHiddenDim: 128 };

export const rows: readonly ReproduceRow[] = [
  {
    name: 'simsiam',
    title: 'SimSiam',
    // Small batches: without negatives it is the number of steps that counts.
    recipe: { learningRate: 0.001, weightDecay: 1e-4, batchSize: 48 },
    make: ({ backbone, views, recipe, seed }) => simsiam({ backbone, views, recipe, seed, ...SETTINGS }),
  },
];
