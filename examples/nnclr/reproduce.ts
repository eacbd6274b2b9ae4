/** NNCLR's row of the results table: `pnpm reproduce icons`. */
import { nnclr } from '@ssl/nnclr';
import type { ReproduceRow } from '../../reproduce/row.ts';

export const rows: readonly ReproduceRow[] = [
  {
    name: 'nnclr',
    title: 'NNCLR',
    // The support set holds a third of the pictures at most, so that the nearest is seldom the picture itself.
    make: ({ backbone, views, recipe, seed, images }) => {
      const queueSize = Math.min(4096, Math.floor(images / 3));
      return nnclr({ backbone, views, recipe, seed, queueSize, layers: 2, hiddenDim: 512, predictorDim: 1024 });
    },
  },
];
