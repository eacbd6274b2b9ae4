/** Comparisons with the official code, lightly and PyTorch: tests, and rows of docs/parity.md. */
import { inContext, type Module, resnet, stateOf, type Tensor, tf, Variable } from '@ssl/core';
import { cosine, sgd } from '@ssl/core/optim';
import {
  type FixtureTensor,
  fixtureTensor,
  lossParity,
  type Parity,
  readFixture,
  relativeError,
} from '@ssl/core/testing';
import { imagenet } from './config.ts';
import { headsOf } from './heads.ts';
import { negativeCosineSimilarity } from './loss.ts';
import { simsiam } from './simsiam.ts';

interface Expected {
  readonly loss: number;
  readonly gradients: readonly FixtureTensor[];
}

interface Fixture {
  readonly cases: readonly {
    readonly name: string;
    readonly prediction: FixtureTensor;
    readonly target: FixtureTensor;
    readonly expected: Expected;
  }[];
  readonly heads: {
    /** Of both views. */
    readonly features: readonly FixtureTensor[];
    /** Weights by name. */
    readonly head: Readonly<Record<string, FixtureTensor>>;
    readonly predictor: Readonly<Record<string, FixtureTensor>>;
    readonly expected: Expected;
  };
  readonly trajectory: {
    readonly peak: number;
    readonly weightDecay: number;
    /** The encoder's, step by step. */
    readonly rates: readonly number[];
    readonly start: readonly FixtureTensor[];
    readonly gradients: readonly (readonly FixtureTensor[])[];
    readonly last: readonly FixtureTensor[];
  };
}

const { cases, heads, trajectory } = readFixture<Fixture>(import.meta.url, 'simsiam.json');

export const parity: Parity = [
  ...cases.flatMap(({ name, prediction, target, expected }) =>
    lossParity({
      what: `negativeCosineSimilarity, ${name}`,
      reference: 'lightly 1.6.0, NegativeCosineSimilarity, and facebookresearch/simsiam main_simsiam.py',
      loss: p => negativeCosineSimilarity(p!, fixtureTensor(target)),
      inputs: [prediction],
      expected,
    }),
  ),
  ...lossParity({
    what: 'both directions through projection head and predictor',
    reference: 'facebookresearch/simsiam simsiam/builder.py',
    loss: throughHeads,
    inputs: heads.features,
    expected: heads.expected,
  }),
  {
    what: `the encoder's and the predictor's parameters over ${trajectory.rates.length} steps`,
    quantity: 'trajectory',
    reference: 'facebookresearch/simsiam main_simsiam.py, adjust_learning_rate, with torch 2.15.0, SGD',
    difference: lastParameters,
  },
];

function throughHeads(...features: Tensor[]): Tensor {
  const [D, hiddenDim] = heads.head['0.weight']!.shape as [number, number];
  const [projectionDim, predictorHiddenDim] = heads.predictor['0.weight']!.shape as [number, number];
  const { head, predictor } = headsOf(D, { hiddenDim, projectionDim, layers: 3, predictorHiddenDim }, 0);
  load(head, heads.head);
  load(predictor, heads.predictor);
  return inContext({ training: true }, () => {
    const [z1, z2] = features.map(x => head(x)) as [Tensor, Tensor];
    const losses = [negativeCosineSimilarity(predictor(z1), z2), negativeCosineSimilarity(predictor(z2), z1)];
    return tf.addN(losses).div(2);
  });
}

function load({ members }: Module, values: Readonly<Record<string, FixtureTensor>>): void {
  const parameters = [...stateOf(members)].filter(([, { kind }]) => kind === 'param');
  const names = parameters.map(([name]) => name).sort();
  if (names.join() !== Object.keys(values).sort().join()) {
    throw new Error(`the head has ${names}, the official one ${Object.keys(values)}`);
  }
  for (const [name, variable] of parameters) variable.load(Float32Array.from(values[name]!.data));
}

function lastParameters(): number {
  const { peak, weightDecay, rates, start, gradients, last } = trajectory;
  const method = simsiam({ backbone: resnet('tiny', { block: 'basic', layers: [1], channels: [4] }) });
  const names = ['backbone.conv1.weight', 'predictor.0.weight', 'predictor.3.bias'];
  const parameters = start.map((value, i) => new Variable(fixtureTensor(value), { name: names[i]! }));
  const optimizer = sgd({ groups: method.groups!(peak, imagenet) })(parameters);
  for (const [step, rate] of rates.entries()) {
    const ours = cosine(peak)(step, rates.length);
    if (Math.abs(ours - rate) > 1e-8) throw new Error(`the rate of step ${step} is ${ours}, the official one ${rate}`);
    optimizer.apply(gradients[step]!.map(fixtureTensor), {
      learningRate: tf.scalar(ours),
      weightDecay: tf.scalar(weightDecay),
      step: tf.scalar(step + 1),
    });
  }
  return Math.max(...parameters.map((parameter, i) => relativeError(parameter.read(), last[i]!)));
}
