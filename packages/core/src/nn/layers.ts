import { addBias, relu as rectified } from '../ops/activation.ts';
import { type Conv2dOptions, conv2d as conv } from '../ops/conv.ts';
import { matMul } from '../ops/linear.ts';
import { batchNormInference, batchNormInGroups } from '../ops/norm.ts';
import { stepContext } from '../tensor/context.ts';
import type { Rng } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { Variable, type VariableOptions } from '../tensor/variable.ts';
import { kaimingNormal, linearUniform, ones, zeros } from './init.ts';
import { type Module, module } from './module.ts';

/** A variable from an initial value that is freed at once. */
export function variable(initial: () => Tensor, options: VariableOptions): Variable {
  const value = tf.tidy(initial);
  try {
    return new Variable(value, options);
  } finally {
    value.dispose();
  }
}

export interface ConvOptions extends Conv2dOptions {
  readonly rng: Rng;
  readonly kernel: number;
}

/** Convolution without a bias (a norm follows). `[B, H, W, inputs]` → `[B, H', W', outputs]`; `weight` is OIHW in PyTorch. */
export function conv2d(inputs: number, outputs: number, { rng, kernel, ...options }: ConvOptions): Module {
  const shape = [kernel, kernel, inputs / (options.groups ?? 1), outputs] as const;
  const weight = variable(() => kaimingNormal(rng, shape), { torchAxes: [3, 2, 0, 1] });
  return module(x => conv(x, weight.read(), options), { weight });
}

export interface LinearOptions {
  readonly rng: Rng;
  /** Default true. */
  readonly bias?: boolean;
}

/** Affine map of rows. `[N, inputs]` → `[N, outputs]`; `weight` is `[outputs, inputs]` in PyTorch. */
export function linear(inputs: number, outputs: number, { rng, bias = true }: LinearOptions): Module {
  const weight = variable(() => linearUniform(rng, [inputs, outputs], inputs), { torchAxes: [1, 0] });
  if (!bias) return module(x => matMul(x, weight.read()), { weight });
  const offset = variable(() => linearUniform(rng, [outputs], inputs), {});
  return module(x => addBias(matMul(x, weight.read()), offset.read()), { weight, bias: offset });
}

export interface BatchNormOptions {
  /** Share of the new statistics in the running ones. Default 0.1, PyTorch's. */
  readonly momentum?: number;
  /** Default 1e-5, PyTorch's. */
  readonly epsilon?: number;
  /** Start the scale at 0, so that a residual block starts as the identity (Goyal et al. 2017, arXiv:1706.02677 §5.1). */
  readonly zeroInit?: boolean;
  /** Learn a scale and an offset. Default true. */
  readonly affine?: boolean;
  /** ReLU on the result, for less time than one after it takes. Default false. */
  readonly relu?: boolean;
}

/**
 * Batch normalisation of `[B, H, W, C]` or `[B, C]`. In training the batch's statistics, which also move the running
 * ones; in evaluation the running ones. With `normGroups` in the step's context each part of the batch has statistics of its own, and
 * the running ones move towards their mean.
 */
export function batchNorm(
  channels: number,
  { momentum = 0.1, epsilon = 1e-5, zeroInit = false, affine = true, relu = false }: BatchNormOptions = {},
): Module {
  const kind = affine ? 'param' : 'buffer';
  const weight = variable(() => (zeroInit ? zeros([channels]) : ones([channels])), { kind });
  const bias = variable(() => zeros([channels]), { kind });
  const mean = variable(() => zeros([channels]), { kind: 'buffer' });
  const variance = variable(() => ones([channels]), { kind: 'buffer' });
  const call = (x: Tensor): Tensor => {
    const { training, normGroups } = stepContext();
    if (!training) {
      const value = batchNormInference(x, weight.read(), bias.read(), mean.read(), variance.read(), epsilon);
      return relu ? rectified(value) : value;
    }
    const batch = batchNormInGroups(x, weight.read(), bias.read(), normGroups, { epsilon, relu });
    move(mean, batch.mean, momentum);
    move(variance, batch.variance, momentum);
    return batch.value;
  };
  const statistics = { running_mean: mean, running_var: variance };
  return module(call, affine ? { weight, bias, ...statistics } : statistics);
}

/** Moves a running statistic towards the batch's and frees the latter. */
function move(running: Variable, batch: Tensor, momentum: number): void {
  tf.tidy(() =>
    running.assign(
      running
        .read()
        .mul(1 - momentum)
        .add(batch.mul(momentum)),
    ),
  );
  batch.dispose();
}
