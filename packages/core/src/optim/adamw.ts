import { type Tensor, tf } from '../tensor/tf.ts';
import type { GroupOptions } from './groups.ts';
import { type Hyper, type OptimizerFactory, optimizer, type Update } from './optimizer.ts';
import { requireDecay, requirePositive } from './options.ts';

export interface AdamWOptions extends GroupOptions {
  /** Decay of the mean of the gradients, in `[0, 1)`. */
  readonly b1?: number;
  /** Decay of the mean of their squares, in `[0, 1)`. */
  readonly b2?: number;
  /** Added to the root of the squares' mean, above 0. */
  readonly eps?: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101), equal to `torch.optim.AdamW`:
 * `w −= rate · weightDecay · w`, then `w −= rate · m̂ / (√v̂ + eps)`. Without decay it is Adam.
 * Defaults: those of `torch.optim.AdamW`, which are those of Adam's paper (arXiv:1412.6980, algorithm 1). Norms and biases are not
 * decayed unless `exclude` says so.
 */
export function adamw({ b1 = 0.9, b2 = 0.999, eps = 1e-8, ...groups }: AdamWOptions = {}): OptimizerFactory {
  requireDecay('adamw', 'b1', b1);
  requireDecay('adamw', 'b2', b2);
  requirePositive('adamw', 'eps', eps);
  const update = ({ step }: Hyper): ((one: Update) => void) => {
    const mean = biasCorrection(b1, step);
    const rootOfSquares = tf.sqrt(biasCorrection(b2, step));
    // PyTorch adds eps to the corrected root, the op to the uncorrected one.
    const epsilon = rootOfSquares.mul(eps);
    const correction = rootOfSquares.div(mean);
    return one => {
      decay(one);
      adam(one, one.learningRate.mul(correction), epsilon, b1, b2);
    };
  };
  return parameters => optimizer(parameters, { name: 'adamw', slots: ['mean', 'square'], update }, groups);
}

/**
 * `1 − beta^step`: scalar. As `expm1`, since a float32 power next to 1 would leave few digits of the difference (at beta .999 an
 * error of 1e-5 in the first steps). `beta` is rounded to float32 because that is the one the op counts with.
 */
function biasCorrection(beta: number, step: Tensor): Tensor {
  return tf.neg(tf.expm1(step.mul(Math.log(Math.fround(beta)))));
}

function decay({ variable, learningRate, weightDecay }: Update): void {
  if (!weightDecay) return;
  variable.update('AssignSubVariableOp', [variable.read().mul(learningRate.mul(weightDecay))], {
    dtype: { dtype: 'float32' },
  });
}

/** The op would correct the rate by the powers of the betas: powers of 0 make it take the rate as it is, corrected here. */
function adam({ variable, moments, gradient }: Update, rate: Tensor, epsilon: Tensor, b1: number, b2: number): void {
  const none = tf.scalar(0);
  const inputs = [none, none, rate, tf.scalar(b1), tf.scalar(b2), epsilon, gradient];
  variable.update('ResourceApplyAdam', inputs, { T: { dtype: 'float32' }, use_nesterov: false }, moments);
}
