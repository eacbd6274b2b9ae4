/** The decoder: from what the encoder saw to the pixels of what it did not. */
import {
  gatherRows,
  group,
  type Members,
  type Module,
  type Rng,
  sinCosPositions,
  type Tensor,
  tf,
  transformerBlocks,
  type Variable,
} from '@ssl/core';
import { layerNorm, smallNormal, tokenLinear, variable } from '@ssl/core/nn';
import type { MAEConfig } from './config.ts';

export interface DecoderShape {
  /** Width D of the encoder's tokens. */
  readonly inputs: number;
  /** Tokens before those of the patches. */
  readonly prefix: number;
  readonly grid: readonly [rows: number, columns: number];
  /** Numbers of a patch. */
  readonly outputs: number;
  readonly rng: Rng;
}

export interface Decoder extends Module {
  /**
   * @param latent `[B, prefix + K, D]`, the encoder's tokens of the visible patches
   * @param visible `[B, K]` int32
   * @param masked `[B, M]` int32
   * @returns `[B, M, P·P·C]`, of the masked patches in that order
   */
  predict(latent: Tensor, visible: Tensor, masked: Tensor): Tensor;
}

/**
 * As `models_mae.py` has it, with its names. Attention does not depend on the order of tokens, as their positions are added to them: the
 * masked ones stand last here, and are not sorted in and out again.
 */
export function maeDecoder(
  { decoderDim: width, decoderDepth, decoderHeads: heads }: MAEConfig,
  shape: DecoderShape,
): Decoder {
  const { inputs, prefix, grid, outputs, rng } = shape;
  const init = 'xavier';
  const decoderEmbed = tokenLinear(inputs, width, { rng, init });
  const maskToken: Variable = variable(() => smallNormal(rng, [1, 1, width]), {});
  const positions = variable(() => sinCosPositions(grid, width), { kind: 'buffer' });
  const blocks = transformerBlocks({ depth: decoderDepth, dim: width, heads, rng, init });
  const norm = layerNorm(width);
  const pred: Module = tokenLinear(width, outputs, { rng, init });
  const placesOf = (tokens: Tensor): Tensor => {
    const [B, K] = tokens.shape as [number, number];
    return gatherRows(positions.read(), tokens.reshape([B * K])).reshape([B, K, width]);
  };
  const predict = (latent: Tensor, visible: Tensor, masked: Tensor): Tensor => {
    const [B, K] = visible.shape as [number, number];
    const x = decoderEmbed(latent);
    const first = x.slice([0, 0, 0], [B, prefix, width]); // whose positions are 0
    const seen = x.slice([0, prefix, 0], [B, K, width]).add(placesOf(visible));
    const hidden = placesOf(masked).add(maskToken.read());
    const all = blocks(tf.concat(prefix > 0 ? [first, seen, hidden] : [seen, hidden], 1));
    return pred(norm(all.slice([0, prefix + K, 0], [B, masked.shape[1]!, width])));
  };
  const members: Members = {
    decoder_embed: decoderEmbed,
    mask_token: maskToken,
    decoder_pos_embed: positions,
    decoder_blocks: blocks,
    decoder_norm: norm,
    decoder_pred: pred,
  };
  return Object.assign(group(members), { predict });
}
