/** DINO's row of the results table: `pnpm reproduce icons`. */
import { dino } from '@ssl/dino';
import type { ReproduceRow } from '../../reproduce/row.ts';

/** A narrow head with norms and few outputs for a narrow network, and a teacher that follows soon and outputs in equal use, as the run is short. */
const SETTINGS = {
  ...{ hiddenDim: 512, bottleneckDim: 128, outputDim: 1024, layers: 2, headNorm: true, momentum: 0.98 },
  centering: 'sinkhorn',
} as const;

export const rows: readonly ReproduceRow[] = [
  {
    name: 'dino',
    title: 'DINO',
    recipe: { learningRate: 0.001, weightDecay: 1e-4 },
    make: ({ backbone, views, recipe, seed }) => dino({ backbone, views, recipe, seed, ...SETTINGS }),
  },
];
