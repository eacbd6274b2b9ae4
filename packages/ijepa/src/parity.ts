/** Comparisons with the official code: tests, and rows of docs/parity.md. */
import {
  inContext,
  type Method,
  type Progress,
  parametersOf,
  type Recipe,
  type Tensor,
  tf,
  type Variable,
  valueAndGradients,
  visionTransformer,
} from '@ssl/core';
import { hostRng, multiBlockMask } from '@ssl/core/data';
import { cosine } from '@ssl/core/optim';
import {
  type FixtureTensor,
  fixtureIntegers,
  fixtureTensor,
  inTorchLayout,
  loadFixture,
  lossParity,
  type Parity,
  type ParityCase,
  readFixture,
  relativeError,
} from '@ssl/core/testing';
import { type IJEPALossOptions, ijepa, ijepaLoss, ijepaViews, imagenet, normalizeTokens } from './index.ts';

interface Whole {
  readonly weights: Readonly<Record<string, FixtureTensor>>;
  readonly images: FixtureTensor;
  readonly context: FixtureTensor;
  readonly targets: FixtureTensor;
  readonly loss: number;
  readonly mse: number;
  readonly gradients: Readonly<Record<string, FixtureTensor>>;
  readonly predictions: FixtureTensor;
  readonly teacher: FixtureTensor;
}

interface DrawnMasks {
  readonly side: number;
  readonly targetTokens: number;
  readonly targetHeight: number;
  readonly targetWidth: number;
  readonly contextTokens: number;
}

const { losses, teacher, decay, rates, masks, whole } = readFixture<{
  readonly losses: readonly ({
    readonly name: string;
    readonly predictions: FixtureTensor;
    readonly tokens: FixtureTensor;
    readonly expected: { readonly loss: number; readonly gradients: readonly FixtureTensor[] };
  } & IJEPALossOptions)[];
  readonly teacher: {
    readonly momentum: number;
    readonly momenta: readonly number[];
    readonly first: FixtureTensor;
    readonly students: readonly FixtureTensor[];
    readonly end: FixtureTensor;
  };
  readonly decay: readonly number[];
  readonly rates: readonly number[];
  readonly masks: readonly DrawnMasks[];
  readonly whole: readonly [Whole];
}>(import.meta.url, 'ijepa.json');

const TRAIN = 'facebookresearch/ijepa src/train.py';
const STEPS = teacher.momenta.length;
const [given] = whole;

/** The smallest encoder that blocks fit on, with a weight a number of the fixture. */
function smallest(): Method {
  const shape = { dim: 4, depth: 1, heads: 1, patchSize: 1, imgSize: 8 };
  const backbone = visionTransformer('smallest', shape, { classToken: false, positions: 'fixed', inChannels: 1 });
  return ijepa({ backbone, predictorDim: 4, predictorDepth: 1, momentum: teacher.momentum });
}

function momentumAt(step: number): number {
  return smallest().schedules!.momentum!({ step, steps: STEPS, stepsPerEpoch: STEPS });
}

/** The teacher's weights after all steps, `[W]`. */
function teacherAtEnd(): Tensor {
  const method = smallest();
  const momentum = method.schedules!.momentum!;
  loadFlat(parametersOf(method.backbone.members), teacher.first);
  loadFlat(parametersOf(method.carried!), teacher.first);
  for (const [step, student] of teacher.students.entries()) {
    loadFlat(parametersOf(method.backbone.members), student);
    const scheduled = { momentum: tf.scalar(momentum({ step, steps: STEPS, stepsPerEpoch: STEPS })) };
    method.afterStep!({ scheduled } as unknown as Progress);
  }
  return tf.concat(parametersOf(method.carried!).map(variable => variable.read().flatten()));
}

function loadFlat(variables: readonly Variable[], { data }: FixtureTensor): void {
  const size = variables.reduce((sum, variable) => sum + variable.size, 0);
  if (size !== data.length) throw new Error(`the encoder has ${size} weights, the fixture ${data.length}`);
  let from = 0;
  for (const variable of variables) {
    variable.load(Float32Array.from(data.slice(from, from + variable.size)));
    from += variable.size;
  }
}

function start(options: IJEPALossOptions): Method {
  const shape = { dim: 8, depth: 2, heads: 2, patchSize: 2, imgSize: 16 };
  const backbone = visionTransformer('whole', shape, { classToken: false, positions: 'fixed' });
  const method = ijepa({ backbone, views: ijepaViews({ size: 16 }), predictorDim: 8, predictorDepth: 1, ...options });
  for (const variable of [...parametersOf(method.trained), ...parametersOf(method.carried!)]) {
    loadFixture(variable, given.weights[variable.name]!);
  }
  return method;
}

interface Step {
  readonly loss: number;
  readonly predictions: Tensor;
  readonly targets: Tensor;
  /** By official names, in PyTorch's layout. */
  readonly gradients: Readonly<Record<string, Tensor>>;
}

function stepOf(options: IJEPALossOptions): Step {
  const method = start(options);
  const progress = { fraction: tf.scalar(0), epoch: tf.scalar(0), scheduled: { momentum: tf.scalar(1) } };
  const drawn = { context: fixtureIntegers(given.context), targets: fixtureIntegers(given.targets) };
  const batch = { views: [fixtureTensor(given.images)], indices: tf.range(0, 2, 1, 'int32'), drawn };
  const trained = parametersOf(method.trained);
  return inContext({ training: true }, () => {
    const { value, gradients } = valueAndGradients(() => method.step(batch, progress).loss, trained);
    const named = trained.map((variable, i) => [variable.name, inTorchLayout(gradients[i]!, variable)] as const);
    const { predictions, targets } = method.parts!.encode(batch, progress);
    return {
      ...{ loss: value.dataSync()[0]!, gradients: Object.fromEntries(named) },
      ...{ predictions: predictions!, targets: targets! },
    };
  });
}

function wholeCases(): ParityCase[] {
  let done: Step | undefined;
  const step = (): Step => (done ??= stepOf({ loss: 'smooth-l1' }));
  const one = (what: string, quantity: ParityCase['quantity'], difference: () => number): ParityCase => {
    return { what, quantity, reference: `${TRAIN} and its networks`, difference };
  };
  const off = (actual: number, expected: number): number => Math.abs(actual - expected) / expected;
  const gradient = (): number =>
    Math.max(...Object.entries(given.gradients).map(([name, each]) => relativeError(step().gradients[name]!, each)));
  return [
    one('a step of encoder, teacher and predictor, smooth-l1', 'loss', () => off(step().loss, given.loss)),
    one('a step, mse', 'loss', () => off(stepOf({ loss: 'mse' }).loss, given.mse)),
    one('a step, all weights of encoder and predictor', 'gradient', gradient),
    one('predicted tokens of four blocks', 'loss', () => relativeError(step().predictions, given.predictions)),
    one("the teacher's tokens of four blocks", 'loss', () => relativeError(step().targets, given.teacher)),
  ];
}

/** Means over 400 pictures. Each block has as many tokens as the other, and the last row may lack some. */
function drawnMeans(side: number): DrawnMasks {
  const mask = multiBlockMask({ grid: [side, side] });
  const M = mask.lengths.targets / 4;
  const extent = (values: Int32Array): number => Math.max(...values) - Math.min(...values) + 1;
  let [height, width] = [0, 0];
  for (let index = 0; index < 400; index++) {
    const block = mask.draw(hostRng(0, 0, index)).targets.slice(0, M);
    height += extent(block.map(token => Math.floor(token / side))) / 400;
    width += extent(block.map(token => token % side)) / 400;
  }
  return { side, targetTokens: M, targetHeight: height, targetWidth: width, contextTokens: mask.lengths.context };
}

function maskCase(expected: DrawnMasks): ParityCase {
  const { side, ...sizes } = expected;
  return {
    what: `masks of ${side} x ${side} patches: mean tokens and sides of targets, tokens of the context`,
    quantity: 'trajectory',
    reference: 'facebookresearch/ijepa src/masks/multiblock.py, batches of 128',
    tolerance: 0.12,
    reason:
      'a distribution: official sizes change from batch to batch, ours are the same in a run, and its tall blocks are larger too',
    difference: () => {
      const drawn = drawnMeans(side);
      return Math.max(...Object.entries(sizes).map(([name, value]) => Math.abs(drawn[name as 'side'] - value) / value));
    },
  };
}

/** How far ours of step i + 1 is from the official one of step i, which steps before the first update. */
function ahead(ours: (step: number) => number, official: readonly number[]): number {
  return Math.max(...official.map((value, step) => Math.abs(ours(step + 1) - value) / value));
}

const { weightDecay, finalWeightDecay, finalLearningRate } = imagenet as Required<Recipe>;

export const parity: Parity = [
  ...losses.flatMap(({ name, loss, predictions, tokens, expected }) =>
    lossParity({
      what: `ijepaLoss, ${name}`,
      reference: `PyTorch, as in ${TRAIN}`,
      loss: p => ijepaLoss(p!, normalizeTokens(fixtureTensor(tokens)), { loss }),
      inputs: [predictions],
      expected,
    }),
  ),
  ...wholeCases(),
  {
    what: `the teacher's momentum over ${STEPS} steps`,
    quantity: 'trajectory',
    reference: `${TRAIN}, momentum_scheduler`,
    difference: () => Math.max(...teacher.momenta.map((expected, step) => Math.abs(momentumAt(step) - expected))),
  },
  {
    what: `the teacher's weights after ${STEPS} steps of given students`,
    quantity: 'trajectory',
    reference: TRAIN,
    difference: () => relativeError(teacherAtEnd(), teacher.end),
  },
  {
    what: `weight decay over ${STEPS} steps, one step ahead`,
    quantity: 'trajectory',
    reference: 'facebookresearch/ijepa src/utils/schedulers.py, CosineWDSchedule',
    difference: () => ahead(step => cosine(weightDecay, finalWeightDecay)(step, STEPS), decay),
  },
  {
    what: 'learning rate after the warm-up, one step ahead',
    quantity: 'trajectory',
    reference: 'facebookresearch/ijepa src/utils/schedulers.py, WarmupCosineSchedule',
    difference: () => ahead(step => cosine(1e-3, finalLearningRate)(step, STEPS - 5), rates.slice(5)),
  },
  ...masks.map(maskCase),
];
