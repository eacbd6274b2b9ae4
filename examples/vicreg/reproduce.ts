/** VICReg's row of the results table: `pnpm reproduce icons`. */
import { vicreg } from '@ssl/vicreg';
import type { ReproduceRow } from '../../reproduce/row.ts';

export const rows: readonly ReproduceRow[] = [
  {
    name: 'vicreg',
    title: 'VICReg',
    // A narrow head for a narrow network.
    make: ({ backbone, views, recipe, seed }) =>
      vicreg({ backbone, views, recipe, seed, hiddenDim: 512, projectionDim: 512 }),
  },
];
