/** What a step knows about itself. Set by whoever runs the step; nobody flips it by hand. */
import { ConfigError } from '../errors.ts';
import type { Rng } from './rng.ts';

export interface StepContext {
  /** Batch norm uses the batch's statistics and updates its own; drop path drops. */
  readonly training: boolean;
  /** Source of random numbers; absent in evaluation. */
  readonly rng?: Rng;
}

const stack: StepContext[] = [{ training: false }];

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
