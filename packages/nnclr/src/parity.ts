/** NNCLR against its references: rows of docs/parity.md, and tests. */
import { inContext, type Method, parametersOf, stateOf, type Tensor, tf, valueAndGradients } from '@ssl/core';
import {
  type FixtureTensor,
  fixtureTensor,
  lossParity,
  onePixelBackbone,
  type Parity,
  type ParityCase,
  readFixture,
  relativeError,
} from '@ssl/core/testing';
import { nearestNeighbours, nnclr, nnclrLoss, nnclrViews } from './index.ts';

interface Steps {
  readonly temperature: number;
  readonly rate: number;
  readonly hidden: number;
  readonly initial: Readonly<Record<string, FixtureTensor>>;
  /** `[steps, 2, B, inputs]` */
  readonly images: FixtureTensor;
  /** What the support set starts with. */
  readonly rows: FixtureTensor;
  readonly pointer: number;
  readonly losses: FixtureTensor;
  /** All weights, one after the other, as `initial` has them. */
  readonly weights: FixtureTensor;
  readonly support: FixtureTensor;
}

const { cases, found, steps } = readFixture<{
  cases: readonly {
    readonly name: string;
    readonly temperature: number;
    readonly neighbours: FixtureTensor;
    readonly predictions: FixtureTensor;
    readonly loss: number;
    readonly gradient: FixtureTensor;
  }[];
  found: readonly {
    readonly name: string;
    readonly rows: FixtureTensor;
    readonly support: FixtureTensor;
    readonly found: FixtureTensor;
  }[];
  steps: readonly Steps[];
}>(import.meta.url, 'nnclr.json');

const ALGORITHM = 'arXiv:2104.14548, algorithm 1, in PyTorch';

function start({ temperature, hidden, initial, rows }: Steps): Method {
  const [inputs, features] = initial['backbone.lin.weight']!.shape as [number, number];
  const [queueSize, projectionDim] = rows.shape as [number, number];
  const method = nnclr({
    ...{ temperature, queueSize, projectionDim, hiddenDim: hidden, predictorDim: hidden },
    backbone: onePixelBackbone(inputs, features),
    views: nnclrViews({ size: 8 }),
  });
  const state = stateOf({ ...method.trained, ...method.carried });
  for (const [name, { data }] of Object.entries(initial)) state.get(name)!.load(Float32Array.from(data));
  state.get('support')!.load(Float32Array.from(rows.data));
  return method;
}

interface Reached {
  readonly losses: Tensor;
  readonly weights: Tensor;
  readonly support: Tensor;
  readonly pointer: number;
}

/** Steps of plain SGD. */
function run(given: Steps): Reached {
  const method = start(given);
  const trained = parametersOf(method.trained);
  const progress = { fraction: tf.scalar(0), epoch: tf.scalar(0), scheduled: {} };
  const losses = tf.split(fixtureTensor(given.images), given.images.shape[0]!).map(both => {
    const [B, inputs] = both.shape.slice(2) as [number, number];
    const views = tf.split(both, 2, 1).map(view => view.reshape([B, 1, 1, inputs]));
    const batch = { views, indices: tf.range(0, B, 1, 'int32'), drawn: {} };
    const { value, gradients } = inContext({ training: true }, () =>
      valueAndGradients(() => method.step(batch, progress).loss, trained),
    );
    for (const [i, variable] of trained.entries()) variable.assign(variable.read().sub(gradients[i]!.mul(given.rate)));
    return value;
  });
  const state = stateOf({ ...method.trained, ...method.carried });
  return {
    losses: tf.stack(losses),
    weights: tf.concat(Object.keys(given.initial).map(name => state.get(name)!.read().flatten())),
    support: state.get('support')!.read(),
    pointer: state.get('pointer')!.values()[0]!,
  };
}

function trajectories(given: Steps): ParityCase[] {
  let reached: Reached | undefined;
  const end = (): Reached => (reached ??= run(given));
  const one = (what: string, difference: () => number): ParityCase => ({
    ...{ what, quantity: 'trajectory', reference: ALGORITHM },
    difference,
  });
  return [
    one('losses of 20 steps', () => relativeError(end().losses, given.losses)),
    one('all weights after 20 steps', () => relativeError(end().weights, given.weights)),
    one('support set after 20 steps that do not divide it', () => relativeError(end().support, given.support)),
    one('pointer after 20 steps', () => Math.abs(end().pointer - given.pointer)),
  ];
}

export const parity: Parity = [
  ...cases.flatMap(({ name, temperature, neighbours, predictions, loss, gradient }) =>
    lossParity({
      what: `nnclrLoss, ${name}`,
      reference: ALGORITHM,
      loss: p => nnclrLoss(fixtureTensor(neighbours), p!, { temperature }),
      inputs: [predictions],
      expected: { loss, gradients: [gradient] },
    }),
  ),
  ...found.map(
    ({ name, rows, support, found: expected }): ParityCase => ({
      what: `nearestNeighbours, ${name}`,
      quantity: 'trajectory',
      reference: 'lightly 1.6.0, NNMemoryBankModule',
      difference: () => relativeError(nearestNeighbours(fixtureTensor(rows), fixtureTensor(support)).rows, expected),
    }),
  ),
  ...steps.flatMap(trajectories),
];
