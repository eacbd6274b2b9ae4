/** SwAV's row of the results table: `pnpm reproduce icons`. */
import { swav } from '@ssl/swav';
import type { ReproduceRow } from '../../reproduce/row.ts';
import { iconSettings } from './settings.ts';

export const rows: readonly ReproduceRow[] = [
  {
    name: 'swav',
    title: 'SwAV',
    make: ({ backbone, views, recipe, seed }) => swav({ backbone, views, recipe, seed, ...iconSettings }),
  },
];
