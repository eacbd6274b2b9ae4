import { nativeOps } from '../tensor/native.ts';
import type { Tensor } from '../tensor/tf.ts';
import { addBias } from './activation.ts';
import { matMul } from './linear.ts';

/**
 * Cross-entropy of linear classifiers that share their input, and its gradient, worked out at once and off the tape: nothing flows back
 * into `x`. The classifiers stand side by side, so that one product serves all of them.
 * @param x `[B, D]`
 * @param labels `[B]` int32, each in `[0, K)`
 * @param weight `[D, R·K]`
 * @param bias `[R·K]`
 * @param count R, how many classifiers there are
 * @returns `losses` `[B, R]`; `logits` `[B, R·K]`; `gradient` `[B, R·K]` of each row's losses by its logits, not divided by B.
 */
export function linearCrossEntropy(
  x: Tensor,
  labels: Tensor,
  { weight, bias }: Readonly<Record<'weight' | 'bias', Tensor>>,
  count = 1,
): Record<'losses' | 'logits' | 'gradient', Tensor> {
  const [rows, columns] = [x.shape[0]!, bias.shape[0]!];
  const logits = addBias(matMul(x, weight), bias);
  const each = labels
    .reshape([rows, 1])
    .tile([1, count])
    .reshape([rows * count]);
  const attributes = { T: { dtype: 'float32' }, Tlabels: { dtype: 'int32' } } as const;
  const inputs = [logits.reshape([rows * count, columns / count]), each];
  const [losses, gradient] = nativeOps('SparseSoftmaxCrossEntropyWithLogits', inputs, attributes, 2);
  return {
    losses: losses!.reshape([rows, count]),
    logits,
    gradient: gradient!.reshape([rows, columns]),
  };
}
