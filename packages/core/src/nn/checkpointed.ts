import { inContext, stepContext } from '../tensor/context.ts';
import { vectorJacobian } from '../tensor/gradients.ts';
import { customGrad } from '../tensor/native.ts';
import type { Rng } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { withoutWrites, withReads } from '../tensor/variable.ts';
import { type Module, module, parametersOf } from './module.ts';

/**
 * The same module, of whose activations none are kept for the backward pass: it runs a second time there, from its input (activation
 * checkpointing, Chen et al. 2016, arXiv:1604.06174; `torch.utils.checkpoint`). So a step takes less memory, and the time of one more forward pass.
 * The second run draws the random numbers of the first and writes no variable: running statistics move once, and the results are the same.
 *
 * What the module returns must depend on its argument and its own variables alone. A variable that it writes and then reads has its new value in the
 * second run.
 * @param inner one block of a network, say: what is recomputed at once is what is in memory at once
 */
export function checkpointed(inner: Module): Module {
  const parameters = parametersOf(inner.members);
  const call = (x: Tensor): Tensor => {
    const context = stepContext();
    const run = (rng: Rng | undefined, input: Tensor, weights: readonly Tensor[]): Tensor => {
      const given = new Map(parameters.map((parameter, i) => [parameter, weights[i]!]));
      return inContext({ ...context, ...(rng && { rng }) }, () => withReads(given, () => inner(input)));
    };
    const inputs = [x, ...parameters.map(parameter => parameter.read())];
    const draws: Tensor[] = [];
    const value = customGrad(inputs, (input, ...weights) => {
      const first = run(context.rng && recording(context.rng, draws), input!, weights);
      const gradient = (dy: Tensor, saved: Tensor[]): Tensor[] => {
        const drawn = saved.slice(inputs.length);
        const again = (x: Tensor, ...rest: Tensor[]): Tensor =>
          withoutWrites(() => run(context.rng && replaying(drawn), x, rest));
        return vectorJacobian(again as (...args: Tensor[]) => Tensor, saved.slice(0, inputs.length), dy);
      };
      return { value: first, saved: [...inputs, ...draws], gradient };
    });
    for (const key of draws) key.dispose(); // the tape has its own, if there is one
    return value;
  };
  return module(call, inner.members);
}

function recording(rng: Rng, draws: Tensor[]): Rng {
  return {
    next() {
      const key = rng.next();
      draws.push(tf.keep(key.clone())); // whoever draws frees the key
      return key;
    },
  };
}

function replaying(draws: readonly Tensor[]): Rng {
  let i = 0;
  return { next: () => draws[i++]!.clone() };
}
