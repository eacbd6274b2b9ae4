/** SimCLR's rows of the results table: `pnpm reproduce icons`. */
import { type SimCLRLoss, simclr } from '@ssl/simclr';
import type { Given, ReproduceRow } from '../../reproduce/row.ts';

const make =
  (loss: SimCLRLoss) =>
  ({ backbone, views, recipe, seed }: Given) =>
    simclr({ backbone, views, recipe, seed, loss, temperature: 0.07, hiddenDim: 512 });

export const rows: readonly ReproduceRow[] = [
  { name: 'simclr', title: 'SimCLR', make: make('ntxent') },
  { name: 'simclr-dcl', title: 'SimCLR, DCL', make: make('dcl') },
  { name: 'simclr-dclw', title: 'SimCLR, DCLW', make: make('dclw') },
];
