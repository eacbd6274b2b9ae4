/** Barlow Twins' row of the results table: `pnpm reproduce icons`. */
import { barlowTwins } from '@ssl/barlow-twins';
import type { ReproduceRow } from '../../reproduce/row.ts';

export const rows: readonly ReproduceRow[] = [
  {
    name: 'barlow-twins',
    title: 'Barlow Twins',
    // A narrow head for a narrow network; with it λ is larger than for 8,192 dimensions.
    make: ({ backbone, views, recipe, seed }) =>
      barlowTwins({ backbone, views, recipe, seed, hiddenDim: 512, projectionDim: 512, lambda: 0.05 }),
  },
];
