/** SwAV against its references: rows of docs/parity.md, and tests. */
import {
  type Backbone,
  inContext,
  type Method,
  module,
  parametersOf,
  relu,
  rngFromSeed,
  stateOf,
  type Tensor,
  tf,
  valueAndGradients,
} from '@ssl/core';
import { batchNorm, linear } from '@ssl/core/nn';
import {
  acrossRanks,
  type FixtureTensor,
  fixtureTensor,
  lossParity,
  type Parity,
  type ParityCase,
  readFixture,
  relativeError,
} from '@ssl/core/testing';
import { sinkhorn, swav, swavLoss, swavViews } from './index.ts';

interface Steps {
  readonly temperature: number;
  readonly epsilon: number;
  readonly rate: number;
  readonly stepsPerEpoch: number;
  readonly queueSize: number;
  readonly initial: Readonly<Record<string, FixtureTensor>>;
  /** `[steps, 2, B, 4, inputs]`: large views are four pixels, small ones one. */
  readonly large: FixtureTensor;
  /** `[steps, 3, B, 1, inputs]` */
  readonly small: FixtureTensor;
  /** Of each step, 1 where the queue is in use. */
  readonly used: readonly number[];
  readonly losses: FixtureTensor;
  /** All weights, one after the other, as `initial` has them. */
  readonly weights: FixtureTensor;
  readonly queue: FixtureTensor;
}

const { assignments, losses, steps } = readFixture<{
  assignments: readonly {
    readonly name: string;
    readonly epsilon: number;
    readonly iterations: number;
    readonly scores: FixtureTensor;
    readonly assignments: FixtureTensor;
  }[];
  losses: readonly {
    readonly name: string;
    readonly temperature: number;
    readonly epsilon: number;
    readonly views: readonly FixtureTensor[];
    /** Of the first two views, or none. */
    readonly queues: readonly FixtureTensor[];
    readonly loss: number;
    readonly gradients: readonly FixtureTensor[];
  }[];
  steps: readonly Steps[];
}>(import.meta.url, 'swav.json');

const OFFICIAL = 'facebookresearch/swav main_swav.py';

/** The mean over pixels, a linear layer, batch norm and ReLU: `[B, h, w, inputs]`. */
function smallBackbone(inputs: number, outDim: number): Backbone {
  const lin = linear(inputs, outDim, { rng: rngFromSeed(1), bias: false });
  const bn = batchNorm(outDim);
  const net = module(x => relu(bn(lin(x.mean([1, 2])))), { lin, bn });
  Object.defineProperty(net, 'name', { value: 'small' });
  const twin = (): Backbone => smallBackbone(inputs, outDim);
  return Object.assign(net, { inChannels: inputs, outDim, stages: () => ({}), twin });
}

function start({ temperature, epsilon, queueSize, initial }: Steps): Method {
  const [inputs, features] = initial['backbone.lin.weight']!.shape as [number, number];
  const [projectionDim, prototypes] = initial['prototypes.weight']!.shape as [number, number];
  const hiddenDim = initial['head.0.weight']!.shape[1]!;
  const method = swav({
    ...{ temperature, epsilon, queueSize, queueStartEpoch: 1, freezeEpochs: 1, projectionDim, prototypes, hiddenDim },
    backbone: smallBackbone(inputs, features),
    views: swavViews({ size: 8, localSize: 6, localCount: 3 }),
  });
  const state = stateOf(method.trained);
  for (const [name, { data }] of Object.entries(initial)) state.get(name)!.load(Float32Array.from(data));
  return method;
}

interface Reached {
  readonly losses: Tensor;
  readonly used: readonly number[];
  readonly weights: Tensor;
  readonly queue: Tensor;
}

/** Steps of plain SGD in the order of a training step. */
function run(given: Steps): Reached {
  const method = start(given);
  const trained = parametersOf(method.trained);
  const names = [...stateOf(method.trained)].filter(([, { kind }]) => kind === 'param').map(([name]) => name);
  const metrics = Array.from({ length: given.used.length }, (_, step) => {
    const epoch = tf.scalar(Math.floor(step / given.stepsPerEpoch));
    const progress = { fraction: tf.scalar(0), epoch, scheduled: {} };
    const views = [...viewsOf(given.large, step), ...viewsOf(given.small, step)];
    const batch = { views, indices: tf.range(0, views[0]!.shape[0]!, 1, 'int32'), drawn: {} };
    method.beforeStep!(progress);
    let used: Tensor | undefined;
    const { value, gradients } = inContext({ training: true }, () =>
      valueAndGradients(() => {
        const result = method.step(batch, progress);
        used = tf.keep(result.metrics!.queueUsed!);
        return result.loss;
      }, trained),
    );
    const named = Object.fromEntries(names.map((name, i) => [name, gradients[i]!]));
    const final = { ...named, ...method.adjustGradients!(named, progress) };
    for (const [i, variable] of trained.entries()) {
      variable.assign(variable.read().sub(final[names[i]!]!.mul(given.rate)));
    }
    return { value, used: used!.dataSync()[0]! };
  });
  const state = stateOf({ ...method.trained, ...method.carried });
  return {
    losses: tf.stack(metrics.map(({ value }) => value)),
    used: metrics.map(({ used }) => used),
    weights: tf.concat(Object.keys(given.initial).map(name => state.get(name)!.read().flatten())),
    queue: state.get('queue')!.read(),
  };
}

function viewsOf(all: FixtureTensor, step: number): Tensor[] {
  const [, count, B, pixels, inputs] = all.shape as [number, number, number, number, number];
  const own = tf.slice(fixtureTensor(all), step, 1);
  return tf.split(own, count, 1).map(view => view.reshape([B, 1, pixels, inputs]));
}

function trajectories(given: Steps): ParityCase[] {
  let reached: Reached | undefined;
  const end = (): Reached => (reached ??= run(given));
  const one = (what: string, difference: () => number): ParityCase => ({
    ...{ what, quantity: 'trajectory', reference: `${OFFICIAL}, its order in PyTorch` },
    difference,
  });
  return [
    one('losses of 20 steps', () => relativeError(end().losses, given.losses)),
    one('all weights after 20 steps', () => relativeError(end().weights, given.weights)),
    one('queue after 20 steps', () => relativeError(end().queue, given.queue)),
    one('steps in which the queue is used', () => Math.max(...end().used.map((x, i) => Math.abs(x - given.used[i]!)))),
  ];
}

export const parity: Parity = [
  ...assignments.flatMap(({ name, epsilon, iterations, scores, assignments: expected }): ParityCase[] => {
    const rows = fixtureTensor(scores);
    const of = (x: Tensor): Tensor => sinkhorn(x, { epsilon, iterations });
    const half = rows.shape[0]! / 2;
    const alone = {
      what: `sinkhorn, ${name}`,
      quantity: 'trajectory',
      reference: `${OFFICIAL}, and lightly 1.6.0`,
    } as const;
    return [
      { ...alone, difference: () => relativeError(of(rows), expected) },
      {
        ...alone,
        what: `sinkhorn across two ranks, ${name}`,
        difference: () =>
          relativeError(tf.concat(acrossRanks(2, rank => of(tf.slice(rows, rank * half, half)))), expected),
      },
    ];
  }),
  ...losses.flatMap(({ name, temperature, epsilon, views, queues, loss, gradients }) =>
    lossParity({
      what: `swavLoss and sinkhorn, ${name}`,
      reference: 'lightly 1.6.0, SwaVLoss',
      loss: (...scores) => {
        const assigned = scores.slice(0, 2).map((each, i) => {
          const queue = queues[i] && { queue: fixtureTensor(queues[i]) };
          return sinkhorn(each, { epsilon, iterations: 3, ...queue });
        });
        return swavLoss(scores, assigned, { temperature });
      },
      inputs: views,
      expected: { loss, gradients },
    }),
  ),
  ...steps.flatMap(trajectories),
];
