/** Comparisons with the official code and lightly: tests, and rows of docs/parity.md. */
import { type Members, type Method, type Progress, parametersOf, resnet, type Tensor, tf } from '@ssl/core';
import {
  type FixtureTensor,
  fixtureTensor,
  lossParity,
  type Parity,
  readFixture,
  relativeError,
} from '@ssl/core/testing';
import { byol } from './byol.ts';
import { byolLoss } from './loss.ts';

interface Fixture {
  readonly cases: readonly {
    readonly name: string;
    readonly prediction: FixtureTensor;
    readonly target: FixtureTensor;
    readonly expected: { readonly loss: number; readonly gradients: readonly FixtureTensor[] };
  }[];
  readonly trajectory: {
    readonly momentum: number;
    /** Of each step. */
    readonly momenta: readonly number[];
    /** Weights of both networks at the start. */
    readonly first: FixtureTensor;
    /** The student's after each step's update. */
    readonly students: readonly FixtureTensor[];
    /** The teacher's after each step. */
    readonly teachers: FixtureTensor;
  };
}

const { cases, trajectory } = readFixture<Fixture>(import.meta.url, 'byol.json');
const REFERENCE = 'google-deepmind/deepmind-research byol/utils';
const steps = trajectory.momenta.length;

export const parity: Parity = [
  ...cases.flatMap(({ name, prediction, target, expected }) =>
    lossParity({
      what: `byolLoss, ${name}`,
      reference: `${REFERENCE}/helpers.py, regression_loss, and lightly 1.6.0, NegativeCosineSimilarity`,
      loss: p => byolLoss(p!, fixtureTensor(target)),
      inputs: [prediction],
      expected,
    }),
  ),
  {
    what: `the teacher's momentum over ${steps} steps`,
    quantity: 'trajectory',
    reference: `${REFERENCE}/schedules.py, target_ema, and lightly 1.6.0, cosine_schedule over one step more`,
    difference: () => Math.max(...trajectory.momenta.map((expected, step) => Math.abs(momentumAt(step) - expected))),
  },
  {
    what: `the teacher's weights over ${steps} steps of given students`,
    quantity: 'trajectory',
    reference: 'lightly 1.6.0, update_momentum',
    difference: () => relativeError(teachers(), trajectory.teachers),
  },
];

function smallest(): Method {
  const backbone = resnet('tiny', { block: 'basic', layers: [1], channels: [2] }, { stem: 'cifar', inChannels: 1 });
  return byol({ backbone, hiddenDim: 2, projectionDim: 2, predictorHiddenDim: 2, momentum: trajectory.momentum });
}

function momentumAt(step: number): number {
  return smallest().schedules!.momentum!({ step, steps, stepsPerEpoch: steps });
}

/** The teacher's weights after every step, `[steps, W]`. */
function teachers(): Tensor {
  const method = smallest();
  const { backbone, head } = method.trained;
  const student = { backbone: backbone!, head: head! };
  load(student, trajectory.first);
  load(method.carried!, trajectory.first);
  const path = trajectory.students.map((weights, step) => {
    load(student, weights);
    const scheduled = { momentum: tf.scalar(method.schedules!.momentum!({ step, steps, stepsPerEpoch: steps })) };
    method.afterStep!({ scheduled } as unknown as Progress);
    return tf.concat(parametersOf(method.carried!).map(variable => variable.read().flatten()));
  });
  return tf.stack(path);
}

function load(members: Members, { data }: FixtureTensor): void {
  const variables = parametersOf(members);
  const size = variables.reduce((sum, variable) => sum + variable.size, 0);
  if (size !== data.length) throw new Error(`the networks have ${size} weights, the fixture ${data.length}`);
  let from = 0;
  for (const variable of variables) {
    variable.load(Float32Array.from(data.slice(from, from + variable.size)));
    from += variable.size;
  }
}
