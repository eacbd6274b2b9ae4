/** Whole steps of training against the official code, by plain SGD: student, teacher and centre after 20 of them. */
import { inContext, type Method, parametersOf, stateOf, type Tensor, tf, valueAndGradients } from '@ssl/core';
import { views } from '@ssl/core/data';
import { type FixtureTensor, fixtureTensor, onePixelBackbone, type ParityCase, relativeError } from '@ssl/core/testing';
import { dino } from './dino.ts';

type Weights = Readonly<Record<string, FixtureTensor>>;

export interface GivenRun {
  readonly name: string;
  readonly clip: number;
  readonly freeze: number;
  readonly normLastLayer: boolean;
  readonly rate: number;
  readonly momentum: number;
  readonly stepsPerEpoch: number;
  readonly initial: Weights;
  /** `[steps, V, B, inputs]` */
  readonly images: FixtureTensor;
  readonly losses: FixtureTensor;
  readonly center: FixtureTensor;
  readonly student: Weights;
  readonly teacher: Weights;
}

function start({ clip, freeze, normLastLayer, momentum, initial, images, center }: GivenRun): Method {
  const [, V] = images.shape as [number, number];
  const [inputs, features] = initial['backbone.lin.weight']!.shape as [number, number];
  const [, hiddenDim] = initial['head.mlp.0.weight']!.shape as [number, number];
  const [, bottleneckDim] = initial['head.mlp.4.weight']!.shape as [number, number];
  const method = dino({
    ...{ hiddenDim, bottleneckDim, outputDim: center.shape[0]!, normLastLayer, momentum },
    ...{ clipGradient: clip, freezeLastLayer: freeze, warmupTeacherTemperatureEpochs: 3 },
    backbone: onePixelBackbone(inputs, features),
    views: views([{ count: V, size: 1, ops: [] }]),
  });
  const { backbone, head } = method.trained;
  const { teacherBackbone, teacherHead } = method.carried!;
  for (const members of [
    { backbone: backbone!, head: head! },
    { backbone: teacherBackbone!, head: teacherHead! },
  ]) {
    const state = stateOf(members);
    for (const [name, { data }] of Object.entries(initial)) state.get(name)!.load(Float32Array.from(data));
  }
  stateOf(method.trained);
  return method;
}

interface Reached {
  readonly losses: Tensor;
  readonly method: Method;
}

function run(given: GivenRun): Reached {
  const method = start(given);
  const trained = parametersOf(method.trained);
  const [steps, V, B, inputs] = given.images.shape as [number, number, number, number];
  const losses = tf.unstack(fixtureTensor(given.images) as never).map((all, step) => {
    const time = { step, steps, stepsPerEpoch: given.stepsPerEpoch };
    const scheduled = Object.fromEntries(
      Object.entries(method.schedules!).map(([name, at]) => [name, tf.scalar(at(time))]),
    );
    const epoch = tf.scalar(Math.floor(step / given.stepsPerEpoch));
    const progress = { fraction: tf.scalar(0), epoch, scheduled };
    const batch = {
      views: tf.split((all as Tensor).reshape([V * B, 1, 1, inputs]), V),
      indices: tf.range(0, B, 1, 'int32'),
      drawn: {},
    };
    const { value, gradients } = inContext({ training: true }, () =>
      valueAndGradients(() => method.step(batch, progress).loss, trained),
    );
    const named = Object.fromEntries(trained.map(({ name }, i) => [name, gradients[i]!]));
    const adjusted = method.adjustGradients!(named, progress);
    for (const variable of trained) variable.assign(variable.read().sub(adjusted[variable.name]!.mul(given.rate)));
    method.afterStep!(progress);
    return value;
  });
  return { losses: tf.stack(losses), method };
}

function apart(method: Method, { student, teacher }: GivenRun, whose: 'student' | 'teacher'): number {
  const { trained, carried } = method;
  const own = whose === 'student' ? trained : { backbone: carried!.teacherBackbone!, head: carried!.teacherHead! };
  const state = stateOf(own);
  const weights = Object.entries(whose === 'student' ? student : teacher);
  return Math.max(...weights.map(([name, expected]) => relativeError(state.get(name)!.read(), expected)));
}

export function runParity(given: GivenRun): ParityCase[] {
  let reached: Reached | undefined;
  const end = (): Reached => (reached ??= run(given));
  const one = (what: string, difference: () => number): ParityCase => ({
    what: `20 steps, ${given.name}: ${what}`,
    quantity: 'trajectory',
    reference: 'facebookresearch/dino main_dino.py, train_one_epoch, with plain SGD',
    difference,
  });
  return [
    one('losses', () => relativeError(end().losses, given.losses)),
    one('weights of the student', () => apart(end().method, given, 'student')),
    one('weights of the teacher', () => apart(end().method, given, 'teacher')),
    one('centre', () => relativeError(stateOf(end().method.carried!).get('center')!.read(), given.center)),
  ];
}
