/** SupCon's row of the results table and that of its baseline: `pnpm reproduce icons`. */
import { crossEntropy, supcon } from '@ssl/supcon';
import type { ReproduceRow } from '../../reproduce/row.ts';

export const rows: readonly ReproduceRow[] = [
  {
    name: 'supcon',
    title: 'SupCon',
    supervised: true,
    make: ({ backbone, views, recipe, seed }) => supcon({ backbone, views, recipe, seed, hiddenDim: 512 }),
  },
  {
    name: 'supervised',
    title: 'Supervised, cross-entropy',
    supervised: true,
    make: ({ backbone, views, recipe, seed, classes }) => crossEntropy({ backbone, views, recipe, seed, classes }),
  },
];
