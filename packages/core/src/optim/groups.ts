/** Which parameters are decayed and adapted, and which learn at a rate of their own. */
import { ConfigError } from '../errors.ts';
import type { Variable } from '../tensor/variable.ts';
import { requireNotNegative } from './options.ts';

/** Other settings for some parameters. Those of all groups that match a parameter are multiplied. */
export interface ParameterGroup {
  readonly match: (variable: Variable) => boolean;
  /** Factor on the scheduled learning rate, 0 or above: layer-wise decay of a transformer, say. */
  readonly learningRateScale?: number;
  /** Factor on the weight decay, 0 or above. Excluded parameters stay without. */
  readonly weightDecayScale?: number;
  /** This learning rate at every step, whatever the schedule and the scales say: SimSiam's predictor, say. */
  readonly fixedLearningRate?: number;
  /** Treated as norms and biases are: without weight decay and, in LARS, without adaptation. A classifier that starts at 0, say. */
  readonly excluded?: boolean;
}

/** What every optimizer takes about groups of parameters. */
export interface GroupOptions {
  /**
   * Parameters without weight decay and, in LARS, without adaptation; `isNormOrBias` unless given.
   * `() => false` treats all alike, as PyTorch's optimizers do.
   */
  readonly exclude?: (variable: Variable) => boolean;
  readonly groups?: readonly ParameterGroup[];
}

/** The settings of one parameter, groups and exclusions resolved. */
export interface ParameterSettings {
  /** Left out of weight decay and adaptation. */
  readonly excluded: boolean;
  readonly learningRateScale: number;
  /** 0 when excluded. */
  readonly weightDecayScale: number;
  readonly fixedLearningRate: number | undefined;
}

/**
 * The norms' scales and shifts and all biases: everything of rank 1 or 0. SimCLR (`model_util.py`: 'batch_normalization', 'bias')
 * and BYOL (`utils/optimizers.py`, `exclude_bias_and_norm`) leave out the same parameters by name.
 */
export function isNormOrBias(variable: Variable): boolean {
  return variable.shape.length <= 1;
}

/** Settings for each parameter, in order. Throws `ConfigError` for a number out of range or a group that matches nothing. */
export function resolveGroups(
  who: string,
  parameters: readonly Variable[],
  options: GroupOptions,
): ParameterSettings[] {
  const { exclude = isNormOrBias, groups = [] } = options;
  groups.forEach((group, i) => {
    checkGroup(`${who}: groups[${i}]`, group, parameters);
  });
  return parameters.map(parameter => {
    const matching = groups.filter(({ match }) => match(parameter));
    const product = (factor: (group: ParameterGroup) => number | undefined): number =>
      matching.reduce((all, group) => all * (factor(group) ?? 1), 1);
    const excluded = exclude(parameter) || matching.some(group => group.excluded);
    return {
      excluded,
      learningRateScale: product(group => group.learningRateScale),
      weightDecayScale: excluded ? 0 : product(group => group.weightDecayScale),
      fixedLearningRate: fixedRate(who, parameter, matching),
    };
  });
}

function checkGroup(who: string, group: ParameterGroup, parameters: readonly Variable[]): void {
  const { learningRateScale = 1, weightDecayScale = 1, fixedLearningRate = 0 } = group;
  for (const [name, value] of Object.entries({ learningRateScale, weightDecayScale, fixedLearningRate })) {
    requireNotNegative(who, name, value);
  }
  if (!parameters.some(parameter => group.match(parameter))) {
    const names = parameters.slice(0, 3).map(({ name }) => name);
    throw new ConfigError(
      `${who}: must match a parameter; got none of ${parameters.length} (${names.join(', ')}, …); correct match, or remove the group`,
    );
  }
}

function fixedRate(who: string, { name }: Variable, groups: readonly ParameterGroup[]): number | undefined {
  const rates = new Set(
    groups.flatMap(({ fixedLearningRate }) => (fixedLearningRate === undefined ? [] : [fixedLearningRate])),
  );
  if (rates.size > 1) {
    throw new ConfigError(
      `${who}: a parameter must have one fixed learning rate; got ${[...rates].join(', ')} for ${name}; let one group match it`,
    );
  }
  return rates.values().next().value;
}
