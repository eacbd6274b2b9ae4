/** Parts of a random area and ratio: drawn several times at once, of which the first that fits is taken. */
import { type Tensor, tf } from '../../tensor/tf.ts';

/** How often torchvision draws a part anew (`RandomResizedCrop.get_params`, `RandomErasing.get_params`). */
export const TRIES = 10;

/** 1 at the first place of each row of `[B, n]` where all conditions hold, else 0. */
export function firstWhere(...conditions: readonly Tensor[]): Tensor {
  const flags = tf.cast(
    conditions.reduce((both, condition) => tf.logicalAnd(both, condition)),
    'float32',
  );
  return tf.cast(tf.cumsum(flags, 1).mul(flags).equal(1), 'float32');
}

/** Uniform in `[0, 1)` to a whole number from 0 to `most`, all equally likely. */
export function wholeUpTo(u: Tensor, most: Tensor | number): Tensor {
  return tf.minimum(tf.floor(u.mul(tf.add(most, 1))), most);
}
