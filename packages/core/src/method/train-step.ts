/** One training step as one graph: views, loss, gradients, update, and what follows it. */
import { drawViews } from '../data/index.ts';
import { ConfigError } from '../errors.ts';
import { disposeMembers, type Members, stateOf } from '../nn/module.ts';
import { clipByGlobalNorm, type Optimizer, type OptimizerFactory } from '../optim/index.ts';
import { l2Norm } from '../optim/norm.ts';
import { type Compiled, compile } from '../tensor/compile.ts';
import { inContext, stepRng } from '../tensor/context.ts';
import { valueAndGradients } from '../tensor/gradients.ts';
import { fromBytes } from '../tensor/native.ts';
import { rngFromKey } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import type { Variable } from '../tensor/variable.ts';
import { featureStdOf } from './feature-std.ts';
import type { Batch, Method, Progress, StepResult } from './method.ts';

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

/** Scalars by name: `loss`, `gradNorm`, `featureStd` where the method shows its features, and the method's own. */
export type StepMetrics = { readonly [name: string]: Tensor };

export interface TrainStep {
  /** Runs a step. The caller disposes of the result. */
  readonly run: Compiled<[StepInput], StepMetrics>;
  /** All that a checkpoint must hold, by name: `model.…`, `optimizer.…`. */
  readonly state: ReadonlyMap<string, Variable>;
  /** Frees the graph and the optimizer's moments; the method keeps its variables. */
  dispose(): void;
}

export interface TrainStepOptions {
  readonly optimizer: OptimizerFactory;
  /** Largest Euclidean length of all gradients together. */
  readonly clipNorm?: number;
}

/** Builds the step of a method with an optimizer. */
export function trainStep(method: Method, { optimizer: factory, clipNorm }: TrainStepOptions): TrainStep {
  const members = membersOf(method);
  const model = stateOf(members);
  const trained = new Map([...stateOf(method.trained)].filter(([, { kind }]) => kind === 'param'));
  const optimizer = factory([...trained.values()]);
  const body = (input: StepInput): StepMetrics =>
    inContext({ training: true, rng: rngFromKey(input.key) }, () => step(method, optimizer, trained, clipNorm, input));
  const run = compile(body, `${method.name}_step`);
  const state = new Map([
    ...[...model].map(([name, variable]) => [`model.${name}`, variable] as const),
    ...[...stateOf(optimizer.state)].map(([name, variable]) => [`optimizer.${name}`, variable] as const),
  ]);
  const dispose = (): void => {
    run.dispose();
    disposeMembers(optimizer.state);
  };
  return { run, state, dispose };
}

/** All variables of a method, trained and carried. Throws `ConfigError` when a name stands for two. */
export function membersOf({ name, trained, carried = {} }: Method): Members {
  const twice = Object.keys(trained).find(key => key in carried);
  if (twice === undefined) return { ...trained, ...carried };
  throw new ConfigError(
    `${name}: what is trained and what is carried must have different names; got '${twice}' in both; rename the carried one`,
  );
}

function step(
  method: Method,
  optimizer: Optimizer,
  trained: ReadonlyMap<string, Variable>,
  clipNorm: number | undefined,
  input: StepInput,
): StepMetrics {
  const progress: Progress = { fraction: input.fraction, epoch: input.epoch, scheduled: input.scheduled };
  method.beforeStep?.(progress);
  const batch = toBatch(method, input);
  let result: StepResult | undefined;
  const { value, gradients } = valueAndGradients(() => {
    result = keepAll(method.step(batch, progress));
    return result.loss;
  }, [...trained.values()]);
  const adjusted = adjust(method, trained, gradients, progress);
  const { gradients: final, norm } =
    clipNorm === undefined ? { gradients: adjusted, norm: l2Norm(adjusted) } : clipByGlobalNorm(adjusted, clipNorm);
  optimizer.apply(final, { learningRate: input.learningRate, weightDecay: input.weightDecay, step: input.update });
  method.afterStep?.(progress);
  const { features, metrics = {} } = result!;
  return { loss: value, gradNorm: norm, ...(features && { featureStd: featureStdOf(features) }), ...metrics };
}

function toBatch(method: Method, { images, sizes, indices, labels, drawn }: StepInput): Batch {
  const views = drawViews(method.views, fromBytes(images), { rng: stepRng('views'), sizes, layout: 'fill' });
  return { views, indices, drawn, ...(labels[0] && { labels: labels[0] }) };
}

/** The backward pass frees what the forward pass made; what is logged has to outlive it. */
function keepAll(result: StepResult): StepResult {
  for (const tensor of [result.features, ...Object.values(result.metrics ?? {})]) if (tensor) tf.keep(tensor);
  return result;
}

function adjust(
  method: Method,
  trained: ReadonlyMap<string, Variable>,
  gradients: readonly Tensor[],
  progress: Progress,
): readonly Tensor[] {
  if (!method.adjustGradients) return gradients;
  const names = [...trained.keys()];
  const named = Object.fromEntries(names.map((name, i) => [name, gradients[i]!]));
  const adjusted = { ...named, ...method.adjustGradients(named, progress) };
  return names.map(name => adjusted[name]!);
}
