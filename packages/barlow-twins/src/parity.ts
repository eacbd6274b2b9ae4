/** Comparisons with lightly and the official code: tests, and rows of docs/parity.md. */
import { resnet, tf, Variable } from '@ssl/core';
import { lars } from '@ssl/core/optim';
import {
  type FixtureTensor,
  fixtureTensor,
  lossParity,
  type Parity,
  readFixture,
  relativeError,
} from '@ssl/core/testing';
import { barlowTwins } from './barlow-twins.ts';
import { imagenet } from './config.ts';
import { barlowTwinsLoss } from './loss.ts';

interface Case {
  readonly name: string;
  readonly za: FixtureTensor;
  readonly zb: FixtureTensor;
  readonly expected: { readonly loss: number; readonly gradients: readonly FixtureTensor[] };
}

interface Fixture {
  readonly lambda: number;
  readonly cases: readonly Case[];
  readonly trajectory: {
    readonly weight: FixtureTensor;
    readonly bias: FixtureTensor;
    readonly rates: readonly number[];
    readonly gradients: readonly (readonly FixtureTensor[])[];
    readonly last: readonly FixtureTensor[];
  };
}

const { lambda, cases, trajectory } = readFixture<Fixture>(import.meta.url, 'barlow-twins.json');

export const parity: Parity = [
  ...cases.flatMap(({ name, za, zb, expected }) =>
    lossParity({
      what: `barlowTwinsLoss, ${name}`,
      reference: 'lightly 1.6.0, BarlowTwinsLoss, and facebookresearch/barlowtwins main.py',
      loss: (a, b) => barlowTwinsLoss(a!, b!, { lambda }),
      inputs: [za, zb],
      expected,
    }),
  ),
  {
    what: 'a weight and a bias over 20 steps of LARS with the groups of the method',
    quantity: 'trajectory',
    reference: 'facebookresearch/barlowtwins main.py, LARS',
    difference: lastParameters,
  },
];

function lastParameters(): number {
  const backbone = resnet('tiny', { block: 'basic', layers: [1], channels: [4] });
  const method = barlowTwins({ backbone, hiddenDim: 2, projectionDim: 2 });
  const parameters = [trajectory.weight, trajectory.bias].map(
    (initial, i) => new Variable(fixtureTensor(initial), { name: ['weight', 'bias'][i]! }),
  );
  const optimizer = lars({ groups: method.groups!(imagenet.learningRate, imagenet) })(parameters);
  for (const [step, rate] of trajectory.rates.entries()) {
    const scalars = {
      learningRate: tf.scalar(rate),
      weightDecay: tf.scalar(imagenet.weightDecay),
      step: tf.scalar(step),
    };
    optimizer.apply(trajectory.gradients[step]!.map(fixtureTensor), scalars);
  }
  return Math.max(...parameters.map((parameter, i) => relativeError(parameter.read(), trajectory.last[i]!)));
}
