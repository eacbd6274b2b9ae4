/** DeepCluster v2's row of the results table: `pnpm reproduce icons`. */
import { deepcluster } from '@ssl/deepcluster';
import type { ReproduceRow } from '../../reproduce/row.ts';
import { iconSettings } from './settings.ts';

export const rows: readonly ReproduceRow[] = [
  {
    name: 'deepcluster',
    title: 'DeepCluster v2',
    recipe: { learningRate: 0.001, weightDecay: 1e-4, batchSize: 96 },
    make: ({ backbone, views, recipe, seed }) => deepcluster({ backbone, views, recipe, seed, ...iconSettings }),
  },
];
