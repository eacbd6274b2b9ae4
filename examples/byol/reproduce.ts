/** BYOL's row of the results table: `pnpm reproduce icons`. */
import { byol } from '@ssl/byol';
import type { ReproduceRow } from '../../reproduce/row.ts';

/** Narrow heads for a narrow network, and a teacher that follows soon, as the run is short. */
const SETTINGS = { hiddenDim: 512, projectionDim: 128, predictorHiddenDim: 512, momentum: 0.99 };

export const rows: readonly ReproduceRow[] = [
  {
    name: 'byol',
    title: 'BYOL',
    // Small batches: without negatives it is the number of steps that counts.
    recipe: { learningRate: 0.001, weightDecay: 1e-4, batchSize: 48 },
    make: ({ backbone, views, recipe, seed }) => byol({ backbone, views, recipe, seed, ...SETTINGS }),
  },
];
