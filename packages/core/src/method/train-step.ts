/** One training step as one graph: views, loss, gradients, update, and what follows it. */
import { drawViews } from '../data/index.ts';
import { ConfigError } from '../errors.ts';
import { disposeMembers, type Members, stateOf } from '../nn/module.ts';
import type { OptimizerFactory } from '../optim/index.ts';
import { compile } from '../tensor/compile.ts';
import { inContext, stepRng } from '../tensor/context.ts';
import { valueAndGradients } from '../tensor/gradients.ts';
import { rngFromKey } from '../tensor/rng.ts';
import type { Tensor } from '../tensor/tf.ts';
import type { Variable } from '../tensor/variable.ts';
import { dividedStep, requireDivisible } from './divided-step.ts';
import { featureMetrics } from './feature-metrics.ts';
import type { Batch, Method, StepResult } from './method.ts';
import { type OnlineProbeSettings, onlineProbe } from './online-probe.ts';
import { keepAll, type Learner, progressOf, update } from './update.ts';

/** What a step takes. Everything that changes from step to step is here, so that one graph serves them all. */
export type StepInput = {
  /** `[B, S, S, C]` bytes, the whole images. */
  readonly images: Tensor;
  /** `[B, 2]` float32: the true height and width of each, before it was made square. */
  readonly sizes: Tensor;
  /** `[B]` int32 */
  readonly indices: Tensor;
  /** `[B]` int32, or none */
  readonly labels: readonly Tensor[];
  readonly drawn: Readonly<Record<string, Tensor>>;
  /** `[2]` int32, from `stepKey` */
  readonly key: Tensor;
  readonly learningRate: Tensor;
  readonly weightDecay: Tensor;
  /** 1 at the first update */
  readonly update: Tensor;
  readonly fraction: Tensor;
  readonly epoch: Tensor;
  readonly scheduled: Readonly<Record<string, Tensor>>;
};

/** Scalars by name: `loss`, `gradNorm`, `featureStd` where the method shows its features, the method's own and the probe's. */
export type StepMetrics = { readonly [name: string]: Tensor };

/** Runs a step. The arguments may be disposed of at once; the caller disposes of the result. */
export interface StepRun {
  (input: StepInput): Promise<StepMetrics>;
  /** How many graphs have been built. */
  readonly graphs: number;
  dispose(): void;
}

export interface TrainStep {
  readonly run: StepRun;
  /** All that a checkpoint must hold, by name: `model.…`, `optimizer.…`, `probe.…`. */
  readonly state: ReadonlyMap<string, Variable>;
  /** Frees the graph and the optimizer's moments; the method keeps its variables. */
  dispose(): void;
}

export interface TrainStepOptions {
  readonly optimizer: OptimizerFactory;
  /** Largest Euclidean length of all gradients together. */
  readonly clipNorm?: number;
  /** Images that go through the network at once; must divide the batch. Absent, all of them, in one graph. See `dividedStep`. */
  readonly microBatchSize?: number;
  /** Trains a linear classifier beside the method; batches then need labels. */
  readonly probe?: OnlineProbeSettings & { readonly classes: number };
}

/** Builds the step of a method with an optimizer. */
export function trainStep(
  method: Method,
  { optimizer: factory, clipNorm, microBatchSize, probe: asked }: TrainStepOptions,
): TrainStep {
  if (microBatchSize !== undefined) requireDivisible(method);
  const members = membersOf(method);
  const model = stateOf(members);
  const trained = new Map([...stateOf(method.trained)].filter(([, { kind }]) => kind === 'param'));
  const optimizer = factory([...trained.values()]);
  const probe = asked && onlineProbe({ ...asked, dim: method.backbone.outDim });
  const learner: Learner = { method, optimizer, trained, clipNorm, probe };
  const run = microBatchSize === undefined ? undividedStep(learner) : dividedStep(learner, microBatchSize);
  const state = new Map([
    ...[...model].map(([name, variable]) => [`model.${name}`, variable] as const),
    ...[...stateOf(optimizer.state)].map(([name, variable]) => [`optimizer.${name}`, variable] as const),
    ...[...(probe?.state ?? [])].map(([name, variable]) => [`probe.${name}`, variable] as const),
  ]);
  const dispose = (): void => {
    run.dispose();
    disposeMembers(optimizer.state);
    probe?.dispose();
  };
  return { run, state, dispose };
}

function undividedStep(learner: Learner): StepRun {
  const body = (input: StepInput): StepMetrics =>
    inContext({ training: true, rng: rngFromKey(input.key) }, () => step(learner, input));
  return compile(body, `${learner.method.name}_step`);
}

/** All variables of a method, trained and carried. Throws `ConfigError` when a name stands for two. */
export function membersOf({ name, trained, carried = {} }: Method): Members {
  const twice = Object.keys(trained).find(key => key in carried);
  if (twice === undefined) return { ...trained, ...carried };
  throw new ConfigError(
    `${name}: what is trained and what is carried must have different names; got '${twice}' in both; rename the carried one`,
  );
}

function step(learner: Learner, input: StepInput): StepMetrics {
  const { method, trained } = learner;
  const progress = progressOf(input);
  method.beforeStep?.(progress);
  const batch = toBatch(method, input);
  let result: StepResult | undefined;
  const { value, gradients } = valueAndGradients(() => {
    result = keepAll(method.step(batch, progress));
    return result.loss;
  }, [...trained.values()]);
  const norm = update(learner, gradients, input);
  const { features, metrics = {} } = result!;
  return { loss: value, gradNorm: norm, ...featureMetrics(learner, features, input), ...metrics };
}

function toBatch(method: Method, { images, sizes, indices, labels, drawn }: StepInput): Batch {
  const views = drawViews(method.views, images, { rng: stepRng('views'), sizes, layout: 'fill' });
  return { views, indices, drawn, ...(labels[0] && { labels: labels[0] }) };
}
