/** ConvNeXt (Liu et al. 2022, arXiv:2201.03545) with the names and layouts of timm. */
import { ConfigError, ShapeError } from '../errors.ts';
import { checkpointed } from '../nn/checkpointed.ts';
import { smallNormal, zeros } from '../nn/init.ts';
import { variable } from '../nn/layers.ts';
import { copyValues, group, type Members, type Module, module, sequential } from '../nn/module.ts';
import { keptPaths, layerNorm, type TokenLinearOptions, tokenLinear } from '../nn/transformer.ts';
import { addBias } from '../ops/activation.ts';
import { addBranch } from '../ops/branch.ts';
import { depthwiseConv } from '../ops/depthwise.ts';
import { gelu } from '../ops/gelu.ts';
import { matMul } from '../ops/linear.ts';
import { patchesOf } from '../ops/patches.ts';
import { globalAvgPool } from '../ops/pool.ts';
import { type Rng, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { type Backbone, withName } from './backbone.ts';

export interface ConvNextShape {
  /** Blocks in each stage. */
  readonly depths: readonly number[];
  /** Channels of each stage. */
  readonly dims: readonly number[];
  /** The linear layers of blocks are 1×1 convolutions in files: timm's small ones. The same numbers. Default false. */
  readonly convMlp?: boolean;
}

export interface ConvNextOptions {
  /**
   * Side and step of the first layer's squares: 4 for photographs, 1 for small pictures. With 2 the first stage halves its maps
   * as the others do, as in timm. Default 4.
   */
  readonly patchSize?: number;
  /** Probability that the last block leaves out its branch for an image in training; grows from 0 at the first. Default 0. */
  readonly dropPath?: number;
  /** First scale of what each block adds. Default 1e-6, as in the paper, §A.1. */
  readonly layerScale?: number;
  /** Default 3. */
  readonly inChannels?: number;
  /** Of the initial weights. Default 0. */
  readonly seed?: number;
  /** Each block runs a second time in the backward pass, so that its activations are not kept: less memory, a third more time, the same results. Default false. */
  readonly gradCheckpointing?: boolean;
}

/** Side of the depthwise filters (§2.5). */
const KERNEL = 7;

/**
 * A ConvNeXt of any shape. `[B, H, W, inChannels]` → `[B, D]`, D the last stage's channels.
 * @throws ConfigError on settings that make no network
 */
export function convNext(name: string, shape: ConvNextShape, options: ConvNextOptions = {}): Backbone {
  const { patchSize = 4, inChannels = 3, seed = 0 } = options;
  checkConfig(name, shape, options);
  const rng = rngFromSeed(seed);
  const stem = sequential(strided(inChannels, shape.dims[0]!, patchSize, rng), layerNorm(shape.dims[0]!));
  const stages = shape.depths.map((_, stage) => convNextStage(shape, stage, options, rng));
  const outDim = shape.dims.at(-1)!;
  const norm = layerNorm(outDim);
  const stride = patchSize * 2 ** (shape.depths.length - (patchSize === 2 ? 0 : 1));
  const stemOf = (images: Tensor): Tensor => {
    checkImages(name, images, inChannels, stride);
    return stem(images);
  };
  const maps = (images: Tensor): Record<string, Tensor> => {
    let x = stemOf(images);
    const found: Record<string, Tensor> = { stem: x };
    for (const [i, stage] of stages.entries()) {
      x = stage(x);
      found[`stages.${i}`] = x;
    }
    return found;
  };
  const forward = (images: Tensor): Tensor =>
    norm(globalAvgPool(stages.reduce((x, stage) => stage(x), stemOf(images))));
  const members: Members = {
    stem,
    stages: sequential(...stages),
    head: group({ norm }),
  };
  const twin = (): Backbone => {
    const other = convNext(name, shape, { ...options, dropPath: 0 });
    copyValues(other.members, members);
    return other;
  };
  const checkSize = (size: number): void => {
    if (size >= stride) return;
    throw new ConfigError(
      `${name}: pictures must have sides of at least ${stride} pixels; got ${size}; take larger ones, or a smaller patchSize`,
    );
  };
  const net = Object.assign(module(forward, members), { inChannels, outDim, stages: maps, checkSize, twin });
  return withName(net, `${name}${patchSize === 4 ? '' : `.patch${patchSize}`}`);
}

function checkConfig(name: string, { depths, dims }: ConvNextShape, options: ConvNextOptions): void {
  const { patchSize = 4, inChannels = 3, dropPath: rate = 0, layerScale = 1e-6 } = options;
  const counts = { ...{ patchSize, inChannels }, ...Object.fromEntries([...depths, ...dims].entries()) };
  for (const [option, value] of Object.entries(counts)) {
    if (Number.isInteger(value) && value > 0) continue;
    throw new ConfigError(`${name}: ${option} must be a whole number of at least 1; got ${value}`);
  }
  if (depths.length !== dims.length) {
    throw new ConfigError(`${name}: depths and dims must be as many; got ${depths.length} and ${dims.length}`);
  }
  if (!(rate >= 0 && rate < 1)) throw new ConfigError(`${name}: dropPath must be in [0, 1); got ${rate}`);
  if (!Number.isFinite(layerScale)) throw new ConfigError(`${name}: layerScale must be a number; got ${layerScale}`);
}

function checkImages(name: string, { shape }: Tensor, channels: number, stride: number): void {
  const [, H = 0, W = 0, C] = shape;
  if (shape.length === 4 && C === channels && H >= stride && W >= stride) return;
  throw new ShapeError(
    `${name}: images must be [B, H, W, ${channels}] with sides of at least ${stride}; got [${shape}]; resize them, or give a smaller patchSize`,
  );
}

function convNextStage(
  { depths, dims, convMlp = false }: ConvNextShape,
  stage: number,
  { patchSize = 4, dropPath: rate = 0, layerScale = 1e-6, gradCheckpointing = false }: ConvNextOptions,
  rng: Rng,
): Module {
  const dim = dims[stage]!;
  const inputs = dims[Math.max(stage - 1, 0)]!;
  const halves = stage > 0 || patchSize === 2;
  const downsample = halves ? sequential(layerNorm(inputs), strided(inputs, dim, 2, rng)) : undefined;
  const total = depths.reduce((sum, depth) => sum + depth, 0);
  const before = depths.slice(0, stage).reduce((sum, depth) => sum + depth, 0);
  const blocks = Array.from({ length: depths[stage]! }, (_, i) => {
    const share = total > 1 ? (before + i) / (total - 1) : 0;
    const block = convNextBlock({ dim, convMlp, layerScale, dropPath: rate * share, rng });
    return gradCheckpointing ? checkpointed(block) : block;
  });
  const body = sequential(...blocks);
  return module(x => body(downsample ? downsample(x) : x), { ...(downsample && { downsample }), blocks: body });
}

interface BlockSettings {
  readonly dim: number;
  readonly convMlp: boolean;
  readonly layerScale: number;
  readonly dropPath: number;
  readonly rng: Rng;
}

/** Depthwise 7×7, layer norm, and an MLP of four times the width, scaled and added. */
function convNextBlock({ dim, convMlp, layerScale, dropPath: rate, rng }: BlockSettings): Module {
  const weight = variable(() => smallNormal(rng, [KERNEL, KERNEL, 1, dim]), { torchAxes: [3, 2, 0, 1] });
  const bias = variable(() => zeros([dim]), {});
  const norm = layerNorm(dim);
  const linear: TokenLinearOptions = { rng, asConvolution: convMlp };
  const [fc1, fc2] = [tokenLinear(dim, 4 * dim, linear), tokenLinear(4 * dim, dim, linear)];
  const gamma = variable(() => tf.fill([dim], layerScale), {});
  const call = (x: Tensor): Tensor => {
    const mixed = addBias(depthwiseConv(x, weight.read().reshape([KERNEL, KERNEL, dim])), bias.read());
    const hidden = gelu(fc1.product(norm(mixed)), fc1.members.bias.read());
    return addBranch(x, fc2.product(hidden), fc2.members.bias.read(), {
      scale: gamma.read(),
      kept: keptPaths(x, rate),
    });
  };
  return module(call, { gamma, conv_dw: group({ weight, bias }), norm, mlp: group({ fc1, fc2 }) });
}

/** A convolution of squares that do not overlap. `[B, H, W, inputs]` → `[B, ⌊H/size⌋, ⌊W/size⌋, outputs]` */
function strided(inputs: number, outputs: number, size: number, rng: Rng): Module {
  const weight = variable(() => smallNormal(rng, [size, size, inputs, outputs]), { torchAxes: [3, 2, 0, 1] });
  const bias = variable(() => zeros([outputs]), {});
  const call = (x: Tensor): Tensor => {
    const [B, H, W] = x.shape as [number, number, number, number];
    const patches = patchesOf(x, size);
    const rows = patches.reshape([patches.size / patches.shape[2]!, patches.shape[2]!]);
    const y = addBias(matMul(rows, weight.read().reshape([patches.shape[2]!, outputs])), bias.read());
    return y.reshape([B, Math.floor(H / size), Math.floor(W / size), outputs]);
  };
  return module(call, { weight, bias });
}
