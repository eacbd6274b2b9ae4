import { customGrad } from '../tensor/native.ts';
import { isRecomputable, recomputable, recompute } from '../tensor/recompute.ts';
import type { Tensor } from '../tensor/tf.ts';

/** The same values in another shape, of the same memory. What is made again in the backward pass, and not kept, still is. */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  return customGrad([x], input => {
    const value = input!.reshape([...shape]);
    if (isRecomputable(input!)) recomputable(value, [input!], again => recompute(again).reshape([...shape]));
    return { value, saved: [], gradient: dy => [dy.reshape(x.shape)] };
  });
}
