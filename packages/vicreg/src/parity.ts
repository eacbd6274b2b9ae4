/** Comparisons with lightly and the official code: tests, and rows of docs/parity.md. */
import { type FixtureTensor, lossParity, type Parity, readFixture } from '@ssl/core/testing';
import { type VICRegLossOptions, vicregLoss } from './loss.ts';

interface Case {
  readonly name: string;
  readonly weights: Omit<VICRegLossOptions, 'gamma' | 'epsilon'>;
  readonly za: FixtureTensor;
  readonly zb: FixtureTensor;
  readonly expected: { readonly loss: number; readonly gradients: readonly FixtureTensor[] };
}

interface Fixture {
  readonly gamma: number;
  readonly epsilon: number;
  readonly cases: readonly Case[];
}

const { gamma, epsilon, cases } = readFixture<Fixture>(import.meta.url, 'vicreg.json');

export const parity: Parity = cases.flatMap(({ name, weights, za, zb, expected }) =>
  lossParity({
    what: `vicregLoss, ${name}`,
    reference: 'lightly 1.6.0, VICRegLoss, and facebookresearch/vicreg main_vicreg.py',
    loss: (a, b) => vicregLoss(a!, b!, { ...weights, gamma, epsilon }),
    inputs: [za, zb],
    expected,
  }),
);
