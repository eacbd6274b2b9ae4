/** The contract of optimizers, and what all of them share. */
import { ConfigError, ShapeError } from '../errors.ts';
import type { Members } from '../nn/module.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { Variable } from '../tensor/variable.ts';
import { type GroupOptions, type ParameterSettings, resolveGroups } from './groups.ts';

/** What may change from step to step: scalar tensors, so that it changes without a new graph. */
export interface Hyper {
  /** scalar, 0 or above */
  readonly learningRate: Tensor;
  /** scalar, 0 or above */
  readonly weightDecay: Tensor;
  /** scalar: 1 at the first update */
  readonly step: Tensor;
}

export interface Optimizer {
  readonly name: string;
  /** Moments, each named after its parameter (`layer1.0.conv1.weight.momentum`); a checkpoint keeps them. */
  readonly state: Members;
  /**
   * Changes the parameters and moments in place, inside a compiled function too. `gradients` come in the parameters' order.
   * Throws `ShapeError` when they do not fit the parameters.
   */
  apply(gradients: readonly Tensor[], hyper: Hyper): void;
}

/** Throws `ConfigError` for options out of range, parameters without a name of their own, or none at all. */
export type OptimizerFactory = (parameters: readonly Variable[]) => Optimizer;

/** One parameter within one update. */
export interface Update {
  readonly variable: Variable;
  /** As many as the rule has slots, in their order. */
  readonly moments: readonly Variable[];
  readonly gradient: Tensor;
  /** scalar, scaled for this parameter */
  readonly learningRate: Tensor;
  /** scalar, scaled for this parameter; absent when it is never decayed */
  readonly weightDecay: Tensor | undefined;
  /** Left out of adaptation. */
  readonly excluded: boolean;
}

export interface Rule {
  readonly name: string;
  /** Names of the moments kept for each parameter; they start at 0. */
  readonly slots: readonly string[];
  /** Called once an update; returns what is done to each parameter. */
  readonly update: (hyper: Hyper) => (update: Update) => void;
}

/** An optimizer from its rule. */
export function optimizer(
  parameters: readonly Variable[],
  { name, slots, update }: Rule,
  options: GroupOptions,
): Optimizer {
  checkParameters(name, parameters);
  const settings = resolveGroups(name, parameters, options);
  const moments = parameters.map(parameter => slots.map(slot => zeros(`${parameter.name}.${slot}`, parameter.shape)));
  const apply = (gradients: readonly Tensor[], hyper: Hyper): void => {
    checkGradients(name, parameters, gradients);
    tf.tidy(() => {
      const change = update(hyper);
      const scaled = scaler();
      parameters.forEach((variable, i) => {
        const { excluded, ...scales } = settings[i]!;
        change({ variable, moments: moments[i]!, gradient: gradients[i]!, excluded, ...scaled(hyper, scales) });
      });
    });
  };
  return { name, state: Object.fromEntries(moments.flat().map(moment => [moment.name, moment])), apply };
}

function zeros(name: string, shape: readonly number[]): Variable {
  const initial = tf.zeros([...shape]);
  try {
    return new Variable(initial, { kind: 'buffer', name });
  } finally {
    initial.dispose();
  }
}

/** Scales the scalars, once for each factor: a graph needs no more than a few of them. */
function scaler(): (
  hyper: Hyper,
  settings: Omit<ParameterSettings, 'excluded'>,
) => Pick<Update, 'learningRate' | 'weightDecay'> {
  const known = new Map<string, Tensor>();
  const once = (key: string, make: () => Tensor): Tensor => {
    const tensor = known.get(key) ?? make();
    known.set(key, tensor);
    return tensor;
  };
  const scale = (what: string, tensor: Tensor, factor: number): Tensor =>
    factor === 1 ? tensor : once(`${what}*${factor}`, () => tensor.mul(factor));
  return ({ learningRate, weightDecay }, { fixedLearningRate, learningRateScale, weightDecayScale }) => ({
    learningRate:
      fixedLearningRate === undefined
        ? scale('rate', learningRate, learningRateScale)
        : once(`fixed ${fixedLearningRate}`, () => tf.scalar(fixedLearningRate)),
    weightDecay: weightDecayScale === 0 ? undefined : scale('decay', weightDecay, weightDecayScale),
  });
}

function checkParameters(who: string, parameters: readonly Variable[]): void {
  if (parameters.length === 0) throw new ConfigError(`${who}: needs parameters; got none; pass parametersOf(members)`);
  const names = new Set<string>();
  for (const { name } of parameters) {
    if (names.has(name)) {
      throw new ConfigError(
        `${who}: parameters must have different names; got '${name}' twice; name them by their place (stateOf)`,
      );
    }
    names.add(name);
  }
}

function checkGradients(who: string, parameters: readonly Variable[], gradients: readonly Tensor[]): void {
  if (gradients.length !== parameters.length) {
    throw new ShapeError(
      `${who}: needs one gradient for each of ${parameters.length} parameters, in their order; got ${gradients.length}`,
    );
  }
  parameters.forEach(({ name, shape }, i) => {
    const given = gradients[i]!.shape;
    if (given.length !== shape.length || given.some((length, axis) => length !== shape[axis])) {
      throw new ShapeError(
        `${who}: the gradient of ${name} must be [${shape}]; got [${given}]; keep the parameters' order`,
      );
    }
  });
}
