/** MoCo's rows of the results table: `pnpm reproduce icons`. */
import { moco } from '@ssl/moco';
import type { Given, ReproduceRow } from '../../reproduce/row.ts';

/** A third of the pictures: a longer queue would hold earlier keys of a query's own picture. */
const queueOf = ({ images }: Given): number => Math.min(4096, Math.floor(images / 3));

/** One device, and statistics of the whole batch: shuffled groups cost a tenth of the time and gained nothing here. */
const queued =
  (version: 1 | 2) =>
  (given: Given): ReturnType<typeof moco> => {
    const { backbone, views, recipe, seed } = given;
    const head = { temperature: 0.1, momentum: 0.99, queueSize: queueOf(given), shuffleGroups: 1 };
    return moco({ backbone, views, recipe, seed, version, ...head, ...(version === 2 && { hiddenDim: 512 }) });
  };

export const rows: readonly ReproduceRow[] = [
  { name: 'moco-v1', title: 'MoCo v1', make: queued(1) },
  { name: 'moco-v2', title: 'MoCo v2', make: queued(2) },
  {
    name: 'moco-v3',
    title: 'MoCo v3',
    make: ({ backbone, views, recipe, seed }) =>
      moco({ backbone, views, recipe, seed, version: 3, temperature: 0.1, hiddenDim: 512, projectionDim: 128 }),
  },
];
