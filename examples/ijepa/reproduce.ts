/** I-JEPA's row of the results table: `pnpm reproduce icons`. */
import { ijepa } from '@ssl/ijepa';
import type { ReproduceRow } from '../../reproduce/row.ts';
import { oneView, recipe, SETTINGS, vitBackbone } from './icons.ts';

export const rows: readonly ReproduceRow[] = [
  {
    name: 'ijepa',
    title: 'I-JEPA (ViT)',
    backbone: { name: 'vit-nocls', title: 'ViT without class token', make: vitBackbone },
    recipe,
    make: ({ backbone, views, recipe, seed }) => ijepa({ backbone, views: oneView(views), recipe, seed, ...SETTINGS }),
  },
];
