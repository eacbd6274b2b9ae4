/** SupCon's loss and the baseline's against their references: rows of docs/parity.md, and tests. */
import { tf } from '@ssl/core';
import { type FixtureTensor, lossParity, type Parity, readFixture } from '@ssl/core/testing';
import { crossEntropyLoss, supConLoss } from './index.ts';

interface Case {
  readonly name: string;
  readonly labels: readonly number[];
  readonly loss: number;
  readonly gradient: FixtureTensor;
}

interface Fixture {
  readonly cases: readonly (Case & {
    readonly z: FixtureTensor;
    readonly temperature: number;
    readonly baseTemperature?: number;
  })[];
  readonly baseline: readonly (Case & { readonly logits: FixtureTensor; readonly labelSmoothing: number })[];
}

const { cases, baseline } = readFixture<Fixture>(import.meta.url, 'supcon.json');

const expected = ({ loss, gradient }: Case) => ({ loss, gradients: [gradient] });

export const parity: Parity = [
  ...cases.flatMap(each =>
    lossParity({
      what: `supConLoss, ${each.name}`,
      reference: 'pytorch-metric-learning 2.9.0, SupConLoss',
      loss: z => supConLoss(z!, tf.tensor1d([...each.labels], 'int32'), each),
      inputs: [each.z],
      expected: expected(each),
    }),
  ),
  ...baseline.flatMap(each =>
    lossParity({
      what: `crossEntropyLoss, ${each.name}`,
      reference: 'torch 2.15.0, cross_entropy',
      loss: logits => crossEntropyLoss(logits!, tf.tensor1d([...each.labels], 'int32'), each),
      inputs: [each.logits],
      expected: expected(each),
    }),
  ),
];
