/** Vision transformers (Dosovitskiy et al. 2021, arXiv:2010.11929) with the names and layouts of timm. */
import { ConfigError, ShapeError } from '../errors.ts';
import { linearUniform, smallNormal, xavierUniform, zeros } from '../nn/init.ts';
import { variable } from '../nn/layers.ts';
import { copyValues, group, type Members, type Module, module } from '../nn/module.ts';
import { resizePositions, sinCosPositions, type TokenGrid } from '../nn/positions.ts';
import { layerNorm, type TransformerBlocks, transformerBlocks } from '../nn/transformer.ts';
import { addBias } from '../ops/activation.ts';
import { gatherRows, gatherTokens } from '../ops/gather.ts';
import { matMul } from '../ops/linear.ts';
import { patchesOf } from '../ops/patches.ts';
import { type Rng, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import type { Variable } from '../tensor/variable.ts';
import { type Backbone, withName } from './backbone.ts';
import { type VitConfig, type VitOptions, type VitShape, vitConfig, vitSuffix } from './vit-options.ts';

export interface TokenOptions {
  /** `[B, K]` int32: the patches of each image that are seen, row by row from 0; the others are not computed. All without it. */
  readonly keep?: Tensor;
  /** After this block, from 0, and not after the last. */
  readonly block?: number;
  /** Normalised as the last layer does it. Default true. */
  readonly norm?: boolean;
}

export interface AttentionOptions {
  readonly block?: number;
  readonly query?: number;
}

/** A backbone of tokens: class token first if there is one, then registers, then patches row by row. R + 1 of them come before the patches. */
export interface VisionTransformer extends Backbone {
  /** How it is built. */
  readonly config: VitConfig;
  /** Tokens before those of the patches: class token and registers. */
  readonly prefixTokens: number;
  /** Rows and columns of patches of a picture of `config.imgSize`. */
  readonly grid: TokenGrid;
  /** `[B, H, W, C]` → `[B, prefixTokens + K, D]`, K the patches kept. H and W may be any multiples of the patch size. */
  tokens(images: Tensor, options?: TokenOptions): Tensor;
  /**
   * How the tokens of a block look at each other: `[B, h, T, T]`, or `[B, h, T]` of one query (0 is the class token); each row sums to 1, no
   * gradient. `block` counts from 0; the last one without it.
   */
  attentionMaps(images: Tensor, options?: AttentionOptions): Tensor;
  twin(): VisionTransformer;
}

/**
 * A vision transformer of any shape. `[B, H, W, inChannels]` → `[B, D]`.
 * @throws ConfigError on settings that make no network
 */
export function visionTransformer(name: string, shape: VitShape, options: VitOptions = {}): VisionTransformer {
  const config = vitConfig(name, shape, options);
  const rng = rngFromSeed(config.seed);
  const embedding = patchEmbedding(config, rng);
  const blocks = transformerBlocks({ ...config, rng });
  const norm = layerNorm(config.dim);
  const members: Members = { ...embedding.members, blocks, [config.fcNorm ? 'fc_norm' : 'norm']: norm };
  const functions = vitFunctions(config, embedding, blocks, norm);
  const twin = (): VisionTransformer => {
    const other = visionTransformer(name, shape, { ...options, dropPath: 0 });
    copyValues(other.members, members);
    return other;
  };
  const { inChannels, dim: outDim, grid, prefixTokens, patchSize } = config;
  const checkSize = (size: number): void => {
    if (size % patchSize === 0) return;
    throw new ConfigError(
      `${name}: pictures must have sides that are multiples of the patch size ${patchSize}; got ${size} pixels; ` +
        `take ${Math.max(1, Math.round(size / patchSize)) * patchSize} pixels, or another patchSize`,
    );
  };
  const net = Object.assign(module(functions.features, members), {
    ...functions,
    ...{ config, inChannels, outDim, grid, prefixTokens, checkSize, twin },
  });
  return withName(net, `${name}${vitSuffix(shape, config)}`);
}

type VitFunctions = Pick<VisionTransformer, 'tokens' | 'stages' | 'attentionMaps'> & {
  features(images: Tensor): Tensor;
};

function vitFunctions(
  config: VitConfig,
  embedding: Embedding,
  { blocks }: TransformerBlocks,
  norm: Module,
): VitFunctions {
  const { depth, prefixTokens, pool, fcNorm, dim } = config;
  const upTo = (images: Tensor, last: number, keep?: Tensor): Tensor =>
    blocks.slice(0, last + 1).reduce((x, block) => block(x), embedding.embed(images, keep));
  const features = (images: Tensor): Tensor => {
    const x = upTo(images, depth - 1);
    // Rows are normalised one by one: only those that are used.
    if (pool === 'token') return norm(x.slice([0, 0, 0], [x.shape[0]!, 1, dim]).reshape([x.shape[0]!, dim]));
    const patches = x.slice([0, prefixTokens, 0], [x.shape[0]!, -1, dim]);
    return fcNorm ? norm(patches.mean(1)) : norm(patches).mean(1);
  };
  const blockNumber = (block = depth - 1): number => {
    if (Number.isInteger(block) && block >= 0 && block < depth) return block;
    throw new ShapeError(`vit: block must be a whole number from 0 to ${depth - 1}; got ${block}`);
  };
  const tokens = (images: Tensor, { keep, block, norm: last = true }: TokenOptions = {}): Tensor => {
    const x = upTo(images, blockNumber(block), keep);
    return last && !fcNorm ? norm(x) : x;
  };
  const stages = (images: Tensor): Record<string, Tensor> => {
    const [rows, columns] = gridOf(config, images);
    const map = (x: Tensor): Tensor =>
      x.slice([0, prefixTokens, 0], [x.shape[0]!, -1, dim]).reshape([x.shape[0]!, rows, columns, dim]);
    let x = embedding.embed(images);
    const maps: Record<string, Tensor> = { patch_embed: map(x) };
    for (const [i, block] of blocks.entries()) {
      x = block(x);
      maps[`blocks.${i}`] = map(x);
    }
    return maps;
  };
  const attentionMaps = (images: Tensor, { block, query }: AttentionOptions = {}): Tensor => {
    const at = blockNumber(block);
    return blocks[at]!.attentionMaps(upTo(images, at - 1), query);
  };
  return { features, tokens, stages, attentionMaps };
}

interface Embedding {
  readonly members: Members;
  /** `[B, H, W, C]` → `[B, prefix + K, D]`, positions added. */
  embed(images: Tensor, keep?: Tensor): Tensor;
}

/** Patches as tokens, position embeddings, class token and registers. */
function patchEmbedding(config: VitConfig, rng: Rng): Embedding {
  const { dim, patchSize, inChannels, grid, prefixTokens, registers, classToken, embedPrefix } = config;
  const inputs = patchSize * patchSize * inChannels;
  // Not a convolution: its steps do not overlap, and a product of matrices can leave patches out.
  const shape = [patchSize, patchSize, inChannels, dim];
  const xavier = config.init === 'xavier'; // MAE starts it as the linear layer that it is, and the class token at σ = 0.02
  const first = () => (xavier ? xavierUniform(rng, [inputs, dim]).reshape(shape) : linearUniform(rng, shape, inputs));
  const weight = variable(first, { torchAxes: [3, 2, 0, 1] });
  const bias = variable(() => linearUniform(rng, [dim], inputs), {});
  const token = (count: number): Variable =>
    variable(() => smallNormal(rng, [1, count, dim], xavier ? 0.02 : 1e-6), {});
  const cls = classToken ? token(1) : undefined;
  const reg = registers > 0 ? token(registers) : undefined;
  const embedded = embedPrefix ? prefixTokens : 0;
  const positions = positionEmbedding(config, embedded, rng);
  const embed = (images: Tensor, keep?: Tensor): Tensor => {
    const B = images.shape[0]!;
    const size = gridOf(config, images);
    const all = patchesOf(images, patchSize); // [B, N, P·P·C]
    const seen = keep ? gatherTokens(all, keep) : all;
    const K = seen.shape[1]!;
    const flat = matMul(seen.reshape([B * K, inputs]), weight.read().reshape([inputs, dim]));
    const patches = addBias(flat, bias.read()).reshape([B, K, dim]);
    const table = positions.read().reshape([embedded + grid[0] * grid[1], dim]);
    const own = table.slice([embedded, 0], [-1, dim]);
    const places = resizePositions(own, grid, size, INTERPOLATION[config.interpolation]);
    const placed = patches.add(keep ? gatherRows(places, keep.reshape([B * K])).reshape([B, K, dim]) : places);
    const extra = [cls, reg].filter(one => one !== undefined).map(one => one.read().reshape([-1, dim]));
    if (extra.length === 0) return placed;
    const prefix = tf.concat(extra);
    const rows = embedded > 0 ? prefix.add(table.slice([0, 0], [embedded, dim])) : prefix;
    return tf.concat([tf.broadcastTo(rows.expandDims(0), [B, prefixTokens, dim]), placed], 1);
  };
  const proj = group({ weight, bias });
  const members: Members = {
    ...(cls && { cls_token: cls }),
    ...(reg && { reg_token: reg }),
    pos_embed: positions,
    patch_embed: group({ proj }),
  };
  return { members, embed };
}

const INTERPOLATION = { timm: {}, dino: { antialias: false, offset: 0.1 } } as const;

/** `[1, prefix + N, D]` */
function positionEmbedding({ dim, grid, positions }: VitConfig, prefix: number, rng: Rng): Variable {
  const count = prefix + grid[0] * grid[1];
  if (positions === 'learned') return variable(() => smallNormal(rng, [1, count, dim]), {});
  const codes = (): Tensor => tf.concat([zeros([prefix, dim]), sinCosPositions(grid, dim)]).expandDims(0);
  return variable(codes, { kind: 'buffer' });
}

function gridOf({ patchSize, inChannels }: VitConfig, { shape }: Tensor): TokenGrid {
  const [, H, W, C] = shape as [number, number, number, number];
  if (shape.length === 4 && C === inChannels && H % patchSize === 0 && W % patchSize === 0) {
    return [H / patchSize, W / patchSize];
  }
  throw new ShapeError(
    `vit: images must be [B, H, W, ${inChannels}] with H and W multiples of the patch size ${patchSize}; got [${shape}]; resize them, or choose another patch size`,
  );
}
