import { ConfigError } from '../errors.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import type { GroupOptions } from './groups.ts';
import { MOMENTUM_SLOT, momentumStep } from './momentum.ts';
import { l2Norm } from './norm.ts';
import { type OptimizerFactory, optimizer, type Update } from './optimizer.ts';
import { requireDecay, requirePositive } from './options.ts';

export interface LARSOptions extends GroupOptions {
  /** In `[0, 1)`. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** Share of a layer's norm that one step at learning rate 1 may change, above 0. */
  readonly trustCoefficient?: number;
  /** Keeps the ratio finite, above 0. */
  readonly epsilon?: number;
}

/**
 * Layer-wise adaptive rates (You et al., arXiv:1708.03888) as in `lightly.utils.lars.LARS`: with `w` the parameter and `g` its gradient,
 * `trust = trustCoefficient · |w| / (|g| + weightDecay · |w| + epsilon)` and SGD with momentum along `trust · (g + weightDecay · w)`.
 * Where `|w|` or `|g|` is 0 the gradient goes in as it is. Excluded parameters are neither adapted nor decayed.
 *
 * It differs from `LARSOptimizer` of SimCLR's code (`lars_optimizer.py`) in three ways: there the norm is that of the sum
 * `g + weightDecay · w` and nothing is added to it; and the learning rate is inside the momentum, so that a change of the rate
 * reaches steps already summed only here. BYOL's code has SimCLR's norm and this momentum. And from lightly's in one: lightly adapts
 * nothing where the decay is 0, here only `exclude` decides.
 * Defaults: momentum .9 and trust coefficient .001 are those of all three, epsilon 1e-8 is lightly's.
 */
export function lars(options: LARSOptions = {}): OptimizerFactory {
  const { momentum = 0.9, nesterov = false, trustCoefficient = 0.001, epsilon = 1e-8, ...groups } = options;
  requireDecay('lars', 'momentum', momentum);
  requirePositive('lars', 'trustCoefficient', trustCoefficient);
  requirePositive('lars', 'epsilon', epsilon);
  if (nesterov && momentum === 0)
    throw new ConfigError('lars: nesterov needs momentum above 0; got 0; set momentum, or leave nesterov out');
  const slots = momentum > 0 ? [MOMENTUM_SLOT] : [];
  const update = () => (one: Update) => {
    const direction = one.excluded ? one.gradient : adapted(one, trustCoefficient, epsilon);
    momentumStep(one, direction, momentum, nesterov);
  };
  return parameters => optimizer(parameters, { name: 'lars', slots, update }, groups);
}

function adapted(
  { variable, gradient, weightDecay = tf.scalar(0) }: Update,
  trustCoefficient: number,
  epsilon: number,
): Tensor {
  const value = variable.read();
  const norm = l2Norm([value]);
  const gradientNorm = l2Norm([gradient]);
  const ratio = norm.mul(trustCoefficient).div(gradientNorm.add(norm.mul(weightDecay)).add(epsilon));
  const both = tf.logicalAnd(norm.greater(0), gradientNorm.greater(0));
  const trust = tf.where(both, ratio, tf.onesLike(ratio));
  const decay = tf.where(both, ratio.mul(weightDecay), tf.zerosLike(ratio));
  return value.mul(decay).add(gradient.mul(trust));
}
