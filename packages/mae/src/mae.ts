import {
  type Backbone,
  ConfigError,
  configure,
  gatherTokens,
  inParts,
  type Method,
  type Recipe,
  requireCounts,
  requireOneView,
  requireVisionTransformer,
  rngFromSeed,
  type StepParts,
  type Tensor,
  tf,
  type ViewPlan,
  type VisionTransformer,
} from '@ssl/core';
import { hostRng, randomMask } from '@ssl/core/data';
import { cifar, defaults, type MAEConfig } from './config.ts';
import { type Decoder, maeDecoder } from './decoder.ts';
import { maeLoss, normalizePatches, patchify, visiblePatches } from './loss.ts';
import { reconstruction } from './pictures.ts';
import { signatures } from './signatures.ts';
import { maeViews } from './views.ts';

export interface MAEOptions extends Partial<MAEConfig> {
  /** A vision transformer; official MAE's has `{ positions: 'fixed', init: 'xavier' }`. */
  readonly backbone: Backbone;
  /** Default `maeViews()` for the backbone's pictures. One view. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the decoder's initial weights. Default 0. */
  readonly seed?: number;
}

const EXAMPLE = `backbone('vit_base_patch16_224', { positions: 'fixed', init: 'xavier' }), for pictures of 32 pixels 'vit_mini_patch4_32'`;

/**
 * Masked autoencoder (arXiv:2111.06377): the encoder sees a quarter of the patches of a picture, and a small decoder guesses the pixels of
 * the others. Hidden patches are not computed in the encoder.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, for a backbone that is no vision
 * transformer, and for views that its patches do not divide
 */
export function mae({ backbone, views, recipe = cifar, seed = 0, ...overrides }: MAEOptions): Method {
  const config = configure('mae', defaults, overrides);
  const plan = views ?? maeViews(usual(backbone));
  requireOneView('mae', plan, 'maeViews');
  const vit = requireVisionTransformer('mae', backbone, plan, EXAMPLE);
  const { patchSize, fcNorm } = vit.config;
  const side = plan[0]!.size / patchSize;
  check(config, fcNorm, side * side);
  const decoder = maeDecoder(config, {
    inputs: vit.outDim,
    prefix: vit.prefixTokens,
    grid: [side, side],
    outputs: patchSize ** 2 * vit.inChannels,
    rng: rngFromSeed(seed),
  });
  const mask = randomMask({ tokens: side * side, ratio: config.maskRatio });
  return {
    spec: 1,
    name: 'mae',
    backbone,
    config,
    recipe,
    views: plan,
    acrossRanks: 'mean',
    trained: { backbone, decoder },
    signatures,
    draw: ({ seed: run, epoch, index }) => mask.draw(hostRng(run, epoch, index)),
    ...inParts(partsOf(vit, decoder, config)),
    embed: (images: Tensor) => backbone(images), // [B, D]
    pictures: input => ({ reconstruction: reconstruction(vit, decoder, config.normalizePixels, input) }),
  };
}

function usual(backbone: Backbone): { readonly size?: number; readonly channels: number } {
  const { config } = backbone as Backbone & { readonly config?: VisionTransformer['config'] };
  return { ...(config && { size: config.imgSize }), channels: backbone.inChannels };
}

function partsOf(vit: VisionTransformer, decoder: Decoder, { normalizePixels }: MAEConfig): StepParts {
  const { prefixTokens, outDim } = vit;
  const { patchSize, pool } = vit.config;
  return {
    encode({ views: [images], drawn: { visible, masked } }) {
      const latent = vit.tokens(images!, { keep: visible! }); //                     [B, prefix + K, D]
      const predictions = decoder.predict(latent, visible!, masked!); //             [B, M, P·P·C]
      const patches = gatherTokens(patchify(images!, patchSize), masked!); //        [B, M, P·P·C]
      const B = latent.shape[0]!;
      const features =
        pool === 'token'
          ? latent.slice([0, 0, 0], [B, 1, outDim]).reshape([B, outDim])
          : latent.slice([0, prefixTokens, 0], [B, -1, outDim]).mean(1);
      return { predictions, targets: normalizePixels ? normalizePatches(patches) : patches, features };
    },
    loss({ predictions, targets, features }) {
      const loss = maeLoss(predictions!, targets!);
      const variance = targets!.sub(targets!.mean()).square().mean();
      return {
        loss,
        features: features!,
        metrics: { explained: tf.scalar(1).sub(loss.div(variance.add(1e-12))) },
      };
    },
  };
}

function check({ maskRatio, normalizePixels: _, ...sizes }: MAEConfig, fcNorm: boolean, patches: number): void {
  requireCounts('mae', sizes);
  const { decoderDim, decoderHeads } = sizes;
  visiblePatches(patches, maskRatio);
  if (decoderDim % 4 !== 0 || decoderDim % decoderHeads !== 0) {
    throw new ConfigError(
      `mae: decoderDim must be a multiple of 4 and of decoderHeads; got ${decoderDim} for ${decoderHeads} heads; ${defaults.decoderDim} for ${defaults.decoderHeads} is usual`,
    );
  }
  if (!fcNorm) return;
  throw new ConfigError(
    `mae: the backbone must normalise its tokens, for the decoder; got fcNorm true; leave it out (pool 'avg' without it averages normalised tokens)`,
  );
}
