import type { Dataset } from '@ssl/core/data';
import { type IconSplit, icons42, icons100 } from './icons.ts';

/** How `ssl pretrain --data NAME` opens them: `train` unless another split is named. */
export const datasets: Readonly<Record<string, (split?: string) => Promise<Dataset>>> = {
  'icons-42': split => icons42(split as IconSplit | undefined),
  'icons-100': split => icons100(split as IconSplit | undefined),
};
