/** The loss against its reference: rows of docs/parity.md, and tests. */
import { type FixtureTensor, lossParity, type Parity, readFixture } from '@ssl/core/testing';
import { newMethodLoss } from './index.ts';

interface Case {
  readonly name: string;
  readonly sharpness: number;
  readonly uniformity: number;
  readonly a: FixtureTensor;
  readonly b: FixtureTensor;
  readonly loss: number;
  readonly gradients: readonly FixtureTensor[];
}

const { cases } = readFixture<{ cases: readonly Case[] }>(import.meta.url, 'loss.json');

export const parity: Parity = cases.flatMap(each =>
  lossParity({
    what: `loss, ${each.name}`,
    reference: 'ssnl/align_uniform, README',
    loss: (a, b) => newMethodLoss(a!, b!, each),
    inputs: [each.a, each.b],
    expected: each,
  }),
);
