import { ShapeError } from '../errors.ts';
import { kernel } from '../tensor/fused.ts';
import { customGrad, nativeOp, nativeOps } from '../tensor/native.ts';
import { normRelu } from '../tensor/norm-relu.ts';
import { LEAST_VALUES, recomputable, recompute } from '../tensor/recompute.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

export interface BatchNormResult {
  readonly value: Tensor;
  /** Of the batch, `[C]`. */
  readonly mean: Tensor;
  /** Of the batch, `[C]`, divided by n − 1 as PyTorch's running variance is. */
  readonly variance: Tensor;
}

export interface BatchNormTrainingOptions {
  /** Added to the variance. */
  readonly epsilon: number;
  /** ReLU on the result. What it needs for its gradient is what is kept anyway. Default false. */
  readonly relu?: boolean;
}

const FLOAT = { T: { dtype: 'float32' } } as const;

const attributes = (epsilon: number, training: boolean) =>
  ({
    T: { dtype: 'float32' },
    U: { dtype: 'float32' },
    epsilon: { float: epsilon },
    data_format: 'NHWC',
    is_training: training,
  }) as const;

/**
 * Normalises over all axes but the last with the statistics of the batch.
 * @param x `[B, H, W, C]` or `[B, C]`
 * @param scale `[C]`
 * @param offset `[C]`
 */
export function batchNormTraining(
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  { epsilon, relu = false }: BatchNormTrainingOptions,
): BatchNormResult {
  const image = asImage(x);
  let statistics: [Tensor, Tensor] | undefined;
  const value = customGrad([image, scale, offset], (input, gamma, beta) => {
    const attrs = attributes(epsilon, true);
    const none = tf.tensor1d([], 'float32');
    const together = relu && image.size >= LEAST_VALUES ? normRelu(image.shape[3]!) : undefined;
    // V3's last output has no static shape, so it cannot be part of a graph; V2 is the same op without it.
    const [normalised, mean, variance, saved1, saved2] = nativeOps(
      together?.op ?? 'FusedBatchNormV2',
      [input!, gamma!, beta!, none, none],
      { ...attrs, ...together?.attributes },
      5,
    );
    statistics = [tf.keep(mean!), tf.keep(variance!)];
    const y = relu && !together ? nativeOp('Relu', [normalised!], FLOAT) : normalised!;
    const make = relu ? again.relu : again.plain;
    recomputable(y, [input!, gamma!, beta!, mean!, variance!], (...from) => make([...from, tf.scalar(epsilon)])[0]!);
    return {
      value: y,
      saved: [input!, gamma!, saved1!, saved2!, ...(relu ? [y] : [])],
      gradient: (dy, [a, g, s1, s2, result]) => {
        const d = relu ? nativeOp('ReluGrad', [dy, recompute(result!)], FLOAT) : dy;
        return nativeOps('FusedBatchNormGradV2', [d, a!, g!, s1!, s2!], attrs, 5).slice(0, 3);
      },
    };
  });
  const [mean, variance] = statistics!;
  return { value: x.rank === 4 ? value : value.reshape(x.shape), mean, variance };
}

/** The values of batch norm from what it gave back besides. */
function normalisedAgain([x, scale, offset, mean, variance, epsilon]: readonly Tensor[]): Tensor {
  const count = x!.size / x!.shape[3]!;
  const biased = variance!.mul(count > 1 ? (count - 1) / count : 1); // the library normalises with this one
  return x!
    .sub(mean!)
    .mul(scale!.mul(biased.add(epsilon!).rsqrt()))
    .add(offset!);
}

/** One pass over memory each. */
const again = {
  plain: kernel('batch_norm_again', (...from) => [normalisedAgain(from)]),
  relu: kernel('batch_norm_again_relu', (...from) => [tf.maximum(normalisedAgain(from), 0)]),
};

/**
 * `batchNormTraining` of each of `groups` parts of the batch apart, in order and as equal as can be: what as many devices do.
 * @returns mean and variance are the means of those of the parts
 * @throws ShapeError when a part would have one row: it would be normalised to nothing
 */
export function batchNormInGroups(
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  groups: number,
  options: BatchNormTrainingOptions,
): BatchNormResult {
  if (groups === 1) return batchNormTraining(x, scale, offset, options);
  const rows = x.shape[0]!;
  if (rows < 2 * groups) {
    throw new ShapeError(
      `batchNorm: ${groups} groups need ${2 * groups} images or more; got ${rows}; take fewer groups or a larger batch`,
    );
  }
  const end = (i: number): number => Math.floor((i * rows) / groups);
  const sizes = Array.from({ length: groups }, (_, i) => end(i + 1) - end(i));
  const parts = tf.split(x, sizes).map(part => batchNormTraining(part, scale, offset, options));
  const mean = (statistics: Tensor[]): Tensor => {
    const average = tf.tidy(() => tf.keep(tf.addN(statistics).div(groups)));
    tf.dispose(statistics);
    return average;
  };
  return {
    value: tf.concat(parts.map(({ value }) => value)),
    mean: mean(parts.map(part => part.mean)),
    variance: mean(parts.map(part => part.variance)),
  };
}

/** Normalises with given statistics, each `[C]`. */
export function batchNormInference(
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  mean: Tensor,
  variance: Tensor,
  epsilon: number,
): Tensor {
  const factor = scale.mul(variance.add(epsilon).rsqrt());
  return x.mul(factor).add(offset.sub(mean.mul(factor)));
}

/**
 * Divides each row by its Euclidean length.
 * @param x `[…, D]`
 * @param epsilon the least length divided by, as in torch.nn.functional.normalize
 */
export function l2Normalize(x: Tensor, epsilon = 1e-12): Tensor {
  // The bound is on the square: the root's gradient at 0 is infinite, and a row of zeros would get NaN.
  return x.div(tf.sqrt(tf.maximum(x.square().sum(-1, true), epsilon ** 2)));
}

function asImage(x: Tensor): Tensor {
  return x.rank === 4 ? x : x.reshape([x.shape[0]!, 1, 1, x.shape[1]!]);
}
