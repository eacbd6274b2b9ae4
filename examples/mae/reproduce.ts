/** MAE's row of the results table: `pnpm reproduce icons`. */
import { mae } from '@ssl/mae';
import type { ReproduceRow } from '../../reproduce/row.ts';
import { oneView, recipe, SETTINGS, vitBackbone } from './icons.ts';

export const rows: readonly ReproduceRow[] = [
  {
    name: 'mae',
    title: 'MAE (ViT)',
    backbone: { name: 'vit', title: 'ViT', make: vitBackbone },
    recipe,
    make: ({ backbone, views, recipe, seed }) => mae({ backbone, views: oneView(views), recipe, seed, ...SETTINGS }),
  },
];
