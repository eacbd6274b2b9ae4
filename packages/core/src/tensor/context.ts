/** What a step knows about itself. Set by whoever runs the step; nobody flips it by hand. */
import { ConfigError } from '../errors.ts';
import type { Rng } from './rng.ts';
import type { Tensor } from './tf.ts';

/** The processes that share a step, each with its part of the batch. Every rank makes the same calls in the same order. */
export interface World {
  /** From 0. */
  readonly rank: number;
  readonly size: number;
  /** `[N, …]` → `[size·N, …]`, in the order of ranks. The gradient of a row is the sum of what all ranks' losses have for it. */
  gather(x: Tensor): Tensor;
  /** The elementwise sum over ranks; so is its gradient. */
  sum(x: Tensor): Tensor;
}

const ALONE: World = { rank: 0, size: 1, gather: x => x, sum: x => x };

export interface StepContext {
  /** Batch norm uses the batch's statistics and updates its own; drop path drops. */
  readonly training: boolean;
  /** Source of random numbers; absent in evaluation. */
  readonly rng?: Rng;
  /** Default: this process alone. */
  readonly world: World;
  /** Parts of the batch that batch norm treats apart in training, as as many devices would. Default 1. */
  readonly normGroups: number;
}

const stack: StepContext[] = [{ training: false, world: ALONE, normGroups: 1 }];

/** The context of the step that is running; outside of one, evaluation. */
export function stepContext(): StepContext {
  return stack.at(-1)!;
}

/** Runs `body`, which must be synchronous, in a changed context. */
export function inContext<R>(context: Partial<StepContext>, body: () => R): R {
  stack.push({ ...stepContext(), ...context });
  try {
    return body();
  } finally {
    stack.pop();
  }
}

/** The running step's random numbers. Throws `ConfigError` when it has none. */
export function stepRng(who: string): Rng {
  const { rng } = stepContext();
  if (!rng)
    throw new ConfigError(
      `${who}: needs random numbers; the running step has none; call it inside inContext({ rng }, …)`,
    );
  return rng;
}
