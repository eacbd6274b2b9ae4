/** SwAV's row of the results table: `pnpm reproduce icons`. */
import { randomResizedCrop, type ViewPlan } from '@ssl/core/data';
import { swav } from '@ssl/swav';
import type { ReproduceRow } from '../../reproduce/row.ts';

const T = JSON.parse(process.env.SWAV ?? '{}');
const { locals = 0, lsize = 32, lscale = [0.2, 0.5], ...settings } = T;
function multi(views: ViewPlan): ViewPlan {
  if (locals === 0) return views;
  const [large] = views;
  const ops = large!.ops.map(op => (op.op === 'randomResizedCrop' ? randomResizedCrop({ scale: lscale }) : op));
  return [...views, { ...large!, count: locals, size: lsize, ops }];
}

export const rows: readonly ReproduceRow[] = [
  {
    name: 'swav',
    title: 'SwAV',
    make: ({ backbone, views, recipe, seed }) =>
      swav({
        backbone,
        views: multi(views),
        recipe,
        seed,
        hiddenDim: 512,
        prototypes: 300,
        queueSize: 1920,
        queueStartEpoch: 1,
        ...settings,
      }),
  },
];
