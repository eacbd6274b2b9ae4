import { ConfigError } from '../errors.ts';
import type { GroupOptions } from './groups.ts';
import { MOMENTUM_SLOT, momentumStep } from './momentum.ts';
import { type OptimizerFactory, optimizer } from './optimizer.ts';
import { requireDecay } from './options.ts';

export interface SGDOptions extends GroupOptions {
  /** In `[0, 1)`; 0 keeps no state. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/**
 * Gradient descent with momentum, equal to `torch.optim.SGD`: weight decay is the L2 term `weightDecay · parameter` added to the
 * gradient, and the learning rate stands outside the momentum.
 * Defaults: momentum .9 as in SimCLR (arXiv:2002.05709, `run.py` of its code) and MoCo (`main_moco.py`). Unlike in MoCo and in
 * PyTorch, norms and biases are not decayed unless `exclude` says so.
 */
export function sgd({ momentum = 0.9, nesterov = false, ...groups }: SGDOptions = {}): OptimizerFactory {
  requireDecay('sgd', 'momentum', momentum);
  if (nesterov && momentum === 0)
    throw new ConfigError('sgd: nesterov needs momentum above 0; got 0; set momentum, or leave nesterov out');
  const slots = momentum > 0 ? [MOMENTUM_SLOT] : [];
  const update = () => (one: Parameters<typeof momentumStep>[0]) => {
    const { variable, gradient, weightDecay } = one;
    // The sum takes over the product's memory, so that one tensor of the parameter's size lives, and not for long.
    const direction = weightDecay ? variable.read().mul(weightDecay).add(gradient) : gradient;
    momentumStep(one, direction, momentum, nesterov);
  };
  return parameters => optimizer(parameters, { name: 'sgd', slots, update }, groups);
}
