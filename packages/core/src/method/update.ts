/** The end of a step: from the gradients of the whole batch to other weights. */
import { clipByGlobalNorm, type Optimizer } from '../optim/index.ts';
import { l2Norm } from '../optim/norm.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import type { Variable } from '../tensor/variable.ts';
import type { Method, Progress, StepResult } from './method.ts';
import type { OnlineProbe } from './online-probe.ts';
import type { StepInput } from './train-step.ts';

/** What all parts of a step work on. */
export interface Learner {
  readonly method: Method;
  readonly optimizer: Optimizer;
  /** The method's trained variables by name, in the order of the gradients. */
  readonly trained: ReadonlyMap<string, Variable>;
  readonly clipNorm: number | undefined;
  readonly probe: OnlineProbe | undefined;
}

export function progressOf({ fraction, epoch, scheduled }: StepInput): Progress {
  return { fraction, epoch, scheduled };
}

/** The backward pass frees what the forward pass made; what is logged has to outlive it. */
export function keepAll(result: StepResult): StepResult {
  for (const tensor of [result.features, ...Object.values(result.metrics ?? {})]) if (tensor) tf.keep(tensor);
  return result;
}

/** Adjusts and clips the gradients, updates the weights and calls `afterStep`. @returns the gradients' joint length before clipping: scalar */
export function update(
  { method, optimizer, trained, clipNorm }: Learner,
  gradients: readonly Tensor[],
  input: StepInput,
): Tensor {
  const progress = progressOf(input);
  const adjusted = adjust(method, trained, gradients, progress);
  const { gradients: final, norm } =
    clipNorm === undefined ? { gradients: adjusted, norm: l2Norm(adjusted) } : clipByGlobalNorm(adjusted, clipNorm);
  optimizer.apply(final, { learningRate: input.learningRate, weightDecay: input.weightDecay, step: input.update });
  method.afterStep?.(progress);
  return norm;
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
