/** The predictor: from the tokens of the context to those of a target, of which it knows the place alone. */
import {
  gatherRows,
  group,
  type Module,
  type Rng,
  sinCosPositions,
  type Tensor,
  tf,
  transformerBlocks,
} from '@ssl/core';
import { layerNorm, smallNormal, tokenLinear, variable } from '@ssl/core/nn';

export interface PredictorShape {
  /** Width D of the encoder's tokens. */
  readonly inputs: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly grid: readonly [rows: number, columns: number];
  /** Target blocks of a picture. */
  readonly targets: number;
  readonly rng: Rng;
}

export interface Predictor extends Module {
  /**
   * @param latent `[B, K, D]`, the encoder's tokens of the context
   * @param context `[B, K]` int32
   * @param targets `[B, n·M]` int32: the target blocks one after another
   * @returns `[B, n·M, D]`, in that order
   */
  predict(latent: Tensor, context: Tensor, targets: Tensor): Tensor;
}

/**
 * As `src/models/vision_transformer.py`, `VisionTransformerPredictor` has it, with its names: each target block is predicted on its own,
 * from the context and mask tokens at its places.
 */
export function ijepaPredictor({ inputs, width, depth, heads, grid, targets: n, rng }: PredictorShape): Predictor {
  const embed = tokenLinear(inputs, width, { rng });
  const maskToken = variable(() => smallNormal(rng, [1, 1, width]), {});
  const positions = variable(() => sinCosPositions(grid, width), { kind: 'buffer' });
  const blocks = transformerBlocks({ depth, dim: width, heads, rng });
  const norm = layerNorm(width);
  const proj = tokenLinear(width, inputs, { rng });
  const placesOf = (tokens: Tensor): Tensor => {
    const [B, K] = tokens.shape as [number, number];
    return gatherRows(positions.read(), tokens.reshape([B * K])).reshape([B, K, width]);
  };
  const predict = (latent: Tensor, context: Tensor, targets: Tensor): Tensor => {
    const [B, K] = context.shape as [number, number];
    const M = targets.shape[1]! / n;
    const seen = embed(latent).add(placesOf(context)).expandDims(1); //                              [B, 1, K, P]
    const asked = placesOf(targets)
      .add(maskToken.read())
      .reshape([B * n, M, width]); //             [B·n, M, P]
    const each = tf.broadcastTo(seen, [B, n, K, width]).reshape([B * n, K, width]);
    const all = blocks(tf.concat([each, asked], 1)); //                                              [B·n, K + M, P]
    const answers = proj(norm(all.slice([0, K, 0], [B * n, M, width])));
    return answers.reshape([B, n * M, inputs]);
  };
  const members = {
    predictor_embed: embed,
    mask_token: maskToken,
    predictor_pos_embed: positions,
    predictor_blocks: blocks,
    predictor_norm: norm,
    predictor_proj: proj,
  };
  return Object.assign(group(members), { predict }); // called by `predict` alone
}
