/** Memory for time: what a cheap op made in the forward pass is made a second time in the backward pass, and not kept in between. */
import { currentTrace } from '../engine/trace.ts';
import { type Tensor, tf } from './tf.ts';

/**
 * Values of a tensor from which a pass over memory less is worth an op or a kernel more. Smaller ones stay in the cache, and an op takes some time
 * however little it does.
 */
export const LEAST_VALUES: number = 2 ** 18;

interface Recipe {
  readonly from: readonly Tensor[];
  readonly make: (...from: Tensor[]) => Tensor;
  made: Tensor | undefined;
}

/** The pass that is being recorded, by the tensors' data. */
let recipes: Map<object, Recipe> | undefined;

/** Runs `body`, a forward and backward pass. Outside a compiled function nothing is recomputed: the tape keeps tensors alive there. */
export function withRecomputation<R>(body: () => R): R {
  const outer = recipes;
  const own = new Map<object, Recipe>();
  recipes = currentTrace() ? own : undefined;
  try {
    return body();
  } finally {
    recipes = outer;
    for (const { from, made } of own.values())
      for (const tensor of [...from, ...(made ? [made] : [])]) tensor.dispose();
  }
}

/** Says how `value` can be made again from tensors that stay in memory anyway: by an op or two that read it once. */
export function recomputable(value: Tensor, from: readonly Tensor[], make: (...from: Tensor[]) => Tensor): void {
  if (!recipes || value.size < LEAST_VALUES) return;
  recipes.set(value.dataId, { from: from.map(tensor => tf.keep(tensor.clone())), make, made: undefined });
}

/** Whether `recompute` would make a tensor again. */
export function isRecomputable({ dataId }: Tensor): boolean {
  return recipes?.has(dataId) === true;
}

/** For gradients, in place of a saved tensor: its values, made again where that is possible. All gradients share what is made. */
export function recompute(saved: Tensor): Tensor {
  const recipe = recipes?.get(saved.dataId);
  if (!recipe) return saved;
  recipe.made ??= tf.keep(recipe.make(...recipe.from));
  return recipe.made;
}
