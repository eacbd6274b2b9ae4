/** New method's row of the results table: `pnpm reproduce icons`. */
import { newMethod } from '@ssl-template/new-method';
import type { ReproduceRow } from '../../../reproduce/row.ts';

export const rows: readonly ReproduceRow[] = [
  {
    name: 'new-method',
    title: 'New method',
    make: ({ backbone, views, recipe, seed }) => newMethod({ backbone, views, recipe, seed, hiddenDim: 512 }),
  },
];
