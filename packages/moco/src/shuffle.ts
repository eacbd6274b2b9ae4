import { inContext, nativeOp, stepRng, type Tensor, tf, uniform } from '@ssl/core';

/** A random order of `count` rows, from the step's random numbers, and the one that undoes it; `[count]` int32 each. */
function randomOrder(count: number): readonly [order: Tensor, undo: Tensor] {
  const order = tf.topk(uniform(stepRng('moco'), [count]) as ReturnType<typeof tf.tensor1d>, count).indices as Tensor;
  return [order, nativeOp('InvertPermutation', [order], { T: { dtype: 'int32' } })];
}

/** Runs an encoder with batch statistics of `groups` parts of the batch, in order, as on as many devices. */
export function inGroups<R>(groups: number, encode: () => R): R {
  return inContext({ normGroups: groups }, encode);
}

/**
 * Shuffled batch norm (arXiv:1911.05722 §3.3) on one device: the images are put into a random order, encoded in `groups` parts with
 * batch statistics of their own, and their rows put back. So the statistics of a key come from other images than those of its query,
 * which cannot be told from them. With one group both would come from the whole batch, in whatever order, and nothing is shuffled.
 * @param images `[B, H, W, C]`
 * @returns `[B, …]`, row i of image i
 */
export function inShuffledGroups(encode: (images: Tensor) => Tensor, images: Tensor, groups: number): Tensor {
  if (groups === 1) return encode(images);
  const [order, undo] = randomOrder(images.shape[0]!);
  return tf.gather(
    inGroups(groups, () => encode(tf.gather(images, order))),
    undo,
  );
}
