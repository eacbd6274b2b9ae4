import { kernel } from '../tensor/fused.ts';
import { customGrad, customGradOfMany, nativeOp, nativeOps } from '../tensor/native.ts';
import { isRecomputable, LEAST_VALUES, recomputable, recompute } from '../tensor/recompute.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

const FLOAT = { T: { dtype: 'float32' } } as const;
const LAST_AXIS = { ...FLOAT, data_format: 'NHWC' } as const;

/** max(x, 0). The gradient needs only the result, so the argument's memory is free for it. */
export function relu(x: Tensor): Tensor {
  return customGrad([x], input => {
    const value = nativeOp('Relu', [input!], FLOAT);
    // In place on values made again: one more pass over memory.
    if (isRecomputable(input!)) recomputable(value, [input!], again => nativeOp('Relu', [recompute(again)], FLOAT));
    return { value, saved: [value], gradient: (dy, [y]) => [nativeOp('ReluGrad', [dy, recompute(y!)], FLOAT)] };
  });
}

const sumRectified = kernel('add_relu', (a, b) => [tf.maximum(a!.add(b!), 0)]);

/** What `addRelu` gave, and gradients that are 0 already where it gave 0. */
const rectified = new WeakSet<object>();
const masked = new WeakSet<object>();

/** max(a + b, 0), in one pass over memory. The gradient needs only the result. */
export function addRelu(a: Tensor, b: Tensor): Tensor {
  return customGrad([a, b], (left, right) => {
    const value =
      left!.size < LEAST_VALUES ? nativeOp('Relu', [left!.add(right!)], FLOAT) : sumRectified([left!, right!])[0]!;
    rectified.add(value.dataId);
    return {
      value,
      saved: [value],
      gradient: (dy, [y]) => {
        const d = masked.has(dy.dataId) ? dy.clone() : nativeOp('ReluGrad', [dy, y!], FLOAT);
        return [d, d.clone()];
      },
    };
  });
}

const sumMasked = kernel('sum_masked', (a, b, y) => [tf.where(y!.greater(0), a!.add(b!), tf.scalar(0))]);

/**
 * `x` two times, for the branch and the shortcut of a residual block. Where `x` is `addRelu`'s, their gradients are added and masked in one pass
 * over memory and not two.
 */
export function twice(x: Tensor): [branch: Tensor, shortcut: Tensor] {
  if (x.size < LEAST_VALUES || !rectified.has(x.dataId)) return [x, x];
  return customGradOfMany([x], input => ({
    value: [input!.clone(), input!.clone()],
    saved: [input!],
    gradient: ([a, b], [y]) => {
      const sum = sumMasked([a!, b!, y!])[0]!;
      masked.add(sum.dataId);
      return [sum];
    },
  })) as [Tensor, Tensor];
}

/**
 * Adds a bias to the last axis.
 * @param x `[…, D]`
 * @param bias `[D]`
 */
export function addBias(x: Tensor, bias: Tensor): Tensor {
  return customGrad([x, bias], (input, b) => ({
    value: nativeOp('BiasAdd', [input!, b!], LAST_AXIS),
    saved: [],
    gradient: dy => [dy, sumOfRows(dy)],
  }));
}

/** `[…, D]` → `[D]`: the gradient of a bias. No gradient flows through it. */
export function sumOfRows(x: Tensor): Tensor {
  return nativeOp('BiasAddGrad', [x], LAST_AXIS);
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
