/** Blocks of a vision transformer (arXiv:2010.11929), with timm's names: the encoder's, and those of predictors and decoders. */
import { ConfigError } from '../errors.ts';
import { addBias } from '../ops/activation.ts';
import { attentionMaps, selfAttention } from '../ops/attention.ts';
import { addBranch } from '../ops/branch.ts';
import { gelu } from '../ops/gelu.ts';
import { layerNorm as norm } from '../ops/layer-norm.ts';
import { matMul } from '../ops/linear.ts';
import { reshape } from '../ops/reshape.ts';
import { stepContext, stepRng } from '../tensor/context.ts';
import { bernoulli, type Rng } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import type { Variable } from '../tensor/variable.ts';
import { checkpointed } from './checkpointed.ts';
import { ones, smallNormal, xavierUniform, zeros } from './init.ts';
import { variable } from './layers.ts';
import { group, type Members, type Module, module } from './module.ts';

/** Layer norm over the last axis. `[…, D]` → `[…, D]`. `epsilon` is timm's 1e-6 by default (PyTorch's own is 1e-5). */
export function layerNorm(dim: number, { epsilon = 1e-6 }: { readonly epsilon?: number } = {}): Module {
  const weight = variable(() => ones([dim]), {});
  const bias = variable(() => zeros([dim]), {});
  return module(x => norm(x, weight.read(), bias.read(), epsilon), { weight, bias });
}

/** How linear layers start: `normal` with σ = 0.02 (timm, DINO, I-JEPA) or `xavier` (MAE). Biases start at 0. */
export type TransformerInit = 'normal' | 'xavier';

export interface TokenLinearOptions {
  readonly rng: Rng;
  /** Default `normal`. */
  readonly init?: TransformerInit;
  /** Divides the first weights. Default 1. */
  readonly divide?: number;
  /** A 1×1 convolution in files, `[outputs, inputs, 1, 1]`. Default false. */
  readonly asConvolution?: boolean;
}

export interface TokenLinear extends Module {
  /** Without the bias, for what follows to add it: `[…, inputs]` → `[N, outputs]`, N rows in all. */
  product(x: Tensor): Tensor;
  readonly members: { readonly weight: Variable; readonly bias: Variable };
}

/** Affine map of every token. `[…, inputs]` → `[…, outputs]`; `weight` is `[outputs, inputs]` in PyTorch. */
export function tokenLinear(
  inputs: number,
  outputs: number,
  { rng, init = 'normal', divide = 1, asConvolution = false }: TokenLinearOptions,
): TokenLinear {
  const first = init === 'normal' ? smallNormal : xavierUniform;
  const start = (): Tensor => first(rng, [inputs, outputs]).div(divide);
  const weight = asConvolution
    ? variable(() => start().reshape([1, 1, inputs, outputs]), { torchAxes: [3, 2, 0, 1] })
    : variable(start, { torchAxes: [1, 0] });
  const bias = variable(() => zeros([outputs]), {});
  const product = (x: Tensor): Tensor =>
    matMul(reshape(x, [x.size / inputs, inputs]), weight.read().reshape([inputs, outputs]));
  const call = (x: Tensor): Tensor => reshape(addBias(product(x), bias.read()), [...x.shape.slice(0, -1), outputs]);
  return Object.assign(module(call, {}), { product, members: { weight, bias } });
}

/** In training, leaves out the residual branch of an image with probability `rate` and scales the others up (arXiv:1603.09382, as timm does it). */
export function dropPath(x: Tensor, rate: number): Tensor {
  const kept = keptPaths(x, rate);
  return kept ? x.mul(kept) : x;
}

/** `[B, 1, …]`: 0 for images that leave out a branch, the factor for the others; nothing where none is left out. */
export function keptPaths({ shape }: Tensor, rate: number): Tensor | undefined {
  if (rate === 0 || !stepContext().training) return undefined;
  return bernoulli(stepRng('dropPath'), [shape[0]!, ...shape.slice(1).map(() => 1)], 1 - rate).div(1 - rate);
}

export interface BlockOptions {
  /** Width D of the tokens. */
  readonly dim: number;
  /** Heads, which must divide D. */
  readonly heads: number;
  readonly rng: Rng;
  /** Width of the hidden layer over D. Default 4. */
  readonly mlpRatio?: number;
  /** Share of images that leave out a branch in training. Default 0. */
  readonly dropPath?: number;
  /** First scale of what each branch adds (arXiv:2103.17239); without it branches are added as they are. */
  readonly layerScale?: number | undefined;
  /** Default `normal`. */
  readonly init?: TransformerInit;
  /** Divides the first weights of each branch's last layer: √(2·number of the block) in I-JEPA (`fix_init_weight`). Default 1. */
  readonly divide?: number;
  /** Of the layer norms. Default 1e-6. */
  readonly epsilon?: number;
}

export interface TransformerBlock extends Module {
  /** `[B, T, D]`, what the block takes → its attention `[B, h, T, T]`, or `[B, h, T]` of one query; each row sums to 1. No gradient. */
  attentionMaps(x: Tensor, query?: number): Tensor;
}

/** Attention and an MLP, each normalised before and added after. `[B, T, D]` → `[B, T, D]` */
export function transformerBlock(options: BlockOptions): TransformerBlock {
  const { dim, heads, rng, mlpRatio = 4, dropPath: rate = 0, layerScale, divide = 1, init = 'normal' } = options;
  checkBlock(options);
  const epsilon = options.epsilon ?? 1e-6;
  const linear = (inputs: number, outputs: number, by = 1): TokenLinear =>
    tokenLinear(inputs, outputs, { rng, init, divide: by });
  const scale = (): Scale | undefined => (layerScale === undefined ? undefined : layerScaling(dim, layerScale));
  const hidden = Math.floor(dim * mlpRatio);
  const [norm1, qkv, proj, ls1] = [
    layerNorm(dim, { epsilon }),
    linear(dim, 3 * dim),
    linear(dim, dim, divide),
    scale(),
  ];
  const [norm2, fc1, fc2, ls2] = [
    layerNorm(dim, { epsilon }),
    linear(dim, hidden),
    linear(hidden, dim, divide),
    scale(),
  ];
  const add = (x: Tensor, last: TokenLinear, inputs: Tensor, ls: Scale | undefined): Tensor =>
    addBranch(x, last.product(inputs), last.members.bias.read(), {
      scale: ls?.members.gamma.read(),
      kept: keptPaths(x, rate),
    });
  const call = (x: Tensor): Tensor => {
    const attended = add(x, proj, selfAttention(qkv(norm1(x)), heads), ls1);
    const hidden = gelu(fc1.product(norm2(attended)), fc1.members.bias.read());
    return add(attended, fc2, hidden, ls2);
  };
  const members: Members = {
    norm1,
    attn: group({ qkv, proj }),
    ...(ls1 && { ls1 }),
    norm2,
    mlp: group({ fc1, fc2 }),
    ...(ls2 && { ls2 }),
  };
  return Object.assign(module(call, members), {
    attentionMaps: (x: Tensor, query?: number): Tensor => attentionMaps(qkv(norm1(x)), heads, query),
  });
}

interface Scale extends Module {
  readonly members: { readonly gamma: Variable };
}

function layerScaling(dim: number, first: number): Scale {
  const gamma = variable(() => tf.fill([dim], first), {});
  return Object.assign((x: Tensor) => x.mul(gamma.read()), { members: { gamma } });
}

function checkBlock({ dim, heads, dropPath: rate = 0 }: BlockOptions): void {
  if (!(Number.isInteger(dim) && Number.isInteger(heads) && heads > 0 && Number.isInteger(dim / heads))) {
    throw new ConfigError(`transformerBlock: heads must divide dim; got ${heads} heads and dim ${dim}`);
  }
  if (!(rate >= 0 && rate < 1)) {
    throw new ConfigError(`transformerBlock: dropPath must be in [0, 1); got ${rate}`);
  }
}

export interface BlocksOptions extends Omit<BlockOptions, 'divide'> {
  readonly depth: number;
  /** Of the last block; grows from 0 at the first (timm's `calculate_drop_path_rates`). Default 0. */
  readonly dropPath?: number;
  /** I-JEPA's `fix_init_weight`: divides the first weights of each branch's last layer in block i, from 1, by √(2i). Default false. */
  readonly scaledInit?: boolean;
  /** Each block runs a second time in the backward pass: less memory, a third more time, the same results. Default false. */
  readonly gradCheckpointing?: boolean;
}

export interface TransformerBlocks extends Module {
  readonly blocks: readonly TransformerBlock[];
}

/** Blocks in a row, named `0`, `1`, …: the body of an encoder, a predictor or a decoder. `[B, T, D]` → `[B, T, D]`; no norm at the end. */
export function transformerBlocks(options: BlocksOptions): TransformerBlocks {
  const { depth, dropPath: rate = 0, scaledInit = false, gradCheckpointing = false, ...each } = options;
  const blocks = Array.from({ length: depth }, (_, i) =>
    transformerBlock({
      ...each,
      dropPath: depth > 1 ? (rate * i) / (depth - 1) : 0,
      divide: scaledInit ? Math.sqrt(2 * (i + 1)) : 1,
    }),
  );
  const run = blocks.map(block =>
    gradCheckpointing ? Object.assign(checkpointed(block), { attentionMaps: block.attentionMaps }) : block,
  );
  return Object.assign(
    module(x => run.reduce((tokens, block) => block(tokens), x), Object.fromEntries(blocks.entries())),
    { blocks: run },
  );
}
