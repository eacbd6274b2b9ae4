import { TrainingError } from '../errors.ts';
import { withRecomputation } from './recompute.ts';
import { type Tensor, tf } from './tf.ts';
import { type Variable, withReads } from './variable.ts';

/**
 * The value of `loss` (a scalar) and its gradient with respect to each variable, in their order.
 * Throws `TrainingError` naming the variables that the loss does not depend on.
 */
export function valueAndGradients(
  loss: () => Tensor,
  variables: readonly Variable[],
): { value: Tensor; gradients: Tensor[] } {
  const found = differentiate(loss, variables, [], gradients => {
    demandGradients(variables, variable => gradients[variables.indexOf(variable)] !== undefined);
  });
  return found as { value: Tensor; gradients: Tensor[] };
}

/** Throws `TrainingError` naming the variables that `has` says have no gradient. */
export function demandGradients(variables: readonly Variable[], has: (variable: Variable) => boolean): void {
  const without = variables.filter(variable => !has(variable));
  if (without.length === 0) return;
  throw new TrainingError(
    `gradients: the loss must depend on every trained variable; it does not on ${without.map(({ name }) => name).join(', ')}; ` +
      'leave these out of what is trained, or use them in the loss',
  );
}

/**
 * As `valueAndGradients`, and with respect to `tensors` after the variables; nothing in the place of a gradient where the loss does not
 * depend on a variable or tensor.
 */
export function gradientsWhereUsed(
  loss: () => Tensor,
  variables: readonly Variable[],
  tensors: readonly Tensor[] = [],
): { value: Tensor; gradients: (Tensor | undefined)[] } {
  return differentiate(loss, variables, tensors, () => {});
}

function differentiate(
  loss: () => Tensor,
  variables: readonly Variable[],
  tensors: readonly Tensor[],
  check: (gradients: readonly (Tensor | undefined)[]) => void,
): { value: Tensor; gradients: (Tensor | undefined)[] } {
  let result: { value: Tensor; gradients: (Tensor | undefined)[] } | undefined;
  tf.tidy(() => {
    const inputs = variables.map(variable => variable.read());
    const given = new Map(variables.map((variable, i) => [variable, inputs[i]!]));
    // tfjs types the result's gradients as always there; with `allowNoGradients` they may be missing.
    const { value, grads } = withRecomputation(() =>
      onOwnTape(() =>
        tf.engine().gradients(() => withReads(given, loss), [...inputs, ...tensors], undefined as never, true),
      ),
    ) as { value: Tensor; grads: (Tensor | null | undefined)[] };
    const gradients = grads.map(gradient => gradient ?? undefined);
    check(gradients);
    result = { value, gradients };
    return [value, ...gradients.filter(gradient => gradient !== undefined)];
  });
  return result!;
}

/** The gradients of `fn` at `inputs`, weighted by `dy`, zero where `fn` does not use one; may be asked for in the middle of another backward pass. */
export function vectorJacobian(fn: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[], dy: Tensor): Tensor[] {
  const { grads } = onOwnTape(() => tf.engine().gradients(() => fn(...inputs), [...inputs], dy));
  return inputs.map((input, i) => grads[i] ?? tf.zerosLike(input).cast('float32'));
}

/** The same values, of which the loss is taken not to depend: no gradient flows back through them. */
export function stopGradient(x: Tensor): Tensor {
  return withTape({ gradientDepth: 0 }, () => tf.clone(x));
}

/** tfjs has one tape, and throws it away when any gradient is done; a nested one must not take the outer one's. */
function onOwnTape<R>(body: () => R): R {
  return withTape({ gradientDepth: 0, kernelDepth: 0 }, body);
}

function withTape<R>(changes: { gradientDepth: number; kernelDepth?: number }, body: () => R): R {
  const { state } = tf.engine();
  const { activeTape, gradientDepth, kernelDepth } = state;
  Object.assign(state, changes);
  try {
    return body();
  } finally {
    Object.assign(state, { activeTape, gradientDepth, kernelDepth });
  }
}
