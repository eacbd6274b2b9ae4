import { customGrad, nativeOp, nativeOps } from '../tensor/native.ts';
import { isRecomputable, recomputable, recompute } from '../tensor/recompute.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

const FLOAT = { T: { dtype: 'float32' } } as const;

/** max(x, 0). The gradient needs only the result, so the argument's memory is free for it. */
export function relu(x: Tensor): Tensor {
  return customGrad([x], input => {
    const value = nativeOp('Relu', [input!], FLOAT);
    // In place on values made again: one more pass over memory.
    if (isRecomputable(input!)) recomputable(value, [input!], again => nativeOp('Relu', [recompute(again)], FLOAT));
    return { value, saved: [value], gradient: (dy, [y]) => [nativeOp('ReluGrad', [dy, recompute(y!)], FLOAT)] };
  });
}

/**
 * Adds a bias to the last axis.
 * @param x `[…, D]`
 * @param bias `[D]`
 */
export function addBias(x: Tensor, bias: Tensor): Tensor {
  const attributes = { ...FLOAT, data_format: 'NHWC' };
  return customGrad([x, bias], (input, b) => ({
    value: nativeOp('BiasAdd', [input!, b!], attributes),
    saved: [],
    gradient: dy => [dy, nativeOp('BiasAddGrad', [dy], attributes)],
  }));
}

/**
 * Mean cross-entropy of logits with whole-number labels.
 * @param logits `[N, K]`
 * @param labels `[N]` int32, each in `[0, K)`
 * @param options.labelSmoothing in `[0, 1]`: this share of the target is spread evenly over all classes. Default 0.
 * @returns scalar; ln K for equal logits
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  { labelSmoothing = 0 }: { readonly labelSmoothing?: number } = {},
): Tensor {
  return customGrad([logits], values => {
    const [losses, gradient] = crossEntropyParts(values!, labels, labelSmoothing);
    const rows = values!.shape[0]!;
    return { value: losses.mean(), saved: [gradient], gradient: (dy, [g]) => [g!.mul(dy.div(rows))] };
  });
}

/** The loss of each row and its gradient, which the library works out together. */
function crossEntropyParts(logits: Tensor, labels: Tensor, labelSmoothing: number): [losses: Tensor, gradient: Tensor] {
  if (labelSmoothing === 0) {
    const attributes = { ...FLOAT, Tlabels: { dtype: 'int32' } } as const;
    return nativeOps('SparseSoftmaxCrossEntropyWithLogits', [logits, labels], attributes, 2) as [Tensor, Tensor];
  }
  const K = logits.shape[1]!;
  const targets = tf
    .oneHot(labels.cast('int32'), K)
    .cast('float32')
    .mul(1 - labelSmoothing)
    .add(labelSmoothing / K);
  return nativeOps('SoftmaxCrossEntropyWithLogits', [logits, targets], FLOAT, 2) as [Tensor, Tensor];
}

/** Softmax over the last axis. The gradient needs only the result. */
export function softmax(x: Tensor): Tensor {
  return customGrad([x], input => {
    const value = nativeOp('Softmax', [input!], FLOAT);
    return { value, saved: [value], gradient: (dy, [y]) => [y!.mul(dy.sub(dy.mul(y!).sum(-1, true)))] };
  });
}
