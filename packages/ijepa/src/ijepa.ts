import {
  type Backbone,
  configure,
  featureStdOf,
  gatherTokens,
  inParts,
  type Method,
  moveTowards,
  type Recipe,
  requireOneView,
  requireVisionTransformer,
  rngFromSeed,
  type StepParts,
  stopGradient,
  type Tensor,
  type ViewPlan,
  type VisionTransformer,
} from '@ssl/core';
import { hostRng } from '@ssl/core/data';
import { linear } from '@ssl/core/optim';
import { check, masksOf } from './check.ts';
import { cifar, defaults, type IJEPAConfig } from './config.ts';
import { ijepaLoss, normalizeTokens } from './loss.ts';
import { maskPictures } from './pictures.ts';
import { ijepaPredictor, type Predictor } from './predictor.ts';
import { signatures } from './signatures.ts';
import { ijepaViews } from './views.ts';

export interface IJEPAOptions extends Partial<IJEPAConfig> {
  /** A vision transformer without a class token, with its weights: the teacher starts as a copy of it, here and now. */
  readonly backbone: Backbone;
  /** Default `ijepaViews()` for the backbone's pictures. One view. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the predictor's initial weights. Default 0. */
  readonly seed?: number;
}

const EXAMPLE = `backbone('vit_base_patch16_224', { classToken: false, positions: 'fixed' }), for pictures of 32 pixels 'vit_mini_patch4_32'`;

/**
 * I-JEPA (arXiv:2301.08243): from a part of a picture, a predictor guesses what a teacher, a slow copy of the encoder that sees all of it,
 * makes of some blocks. The encoder computes the patches of its part alone.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, for a backbone that is no vision
 * transformer or has a class token, for views that its patches do not divide, and for targets that leave no context
 */
export function ijepa({ backbone, views, recipe = cifar, seed = 0, ...overrides }: IJEPAOptions): Method {
  const config = configure('ijepa', defaults, overrides);
  const plan = views ?? ijepaViews(usual(backbone));
  requireOneView('ijepa', plan, 'ijepaViews');
  const vit = requireVisionTransformer('ijepa', backbone, plan, EXAMPLE);
  check(config, vit);
  const side = plan[0]!.size / vit.config.patchSize;
  const mask = masksOf(config, [side, side]);
  const teacher = vit.twin();
  const predictor = ijepaPredictor({
    inputs: vit.outDim,
    width: config.predictorDim,
    depth: config.predictorDepth,
    heads: config.predictorHeads || vit.config.heads,
    grid: [side, side],
    targets: config.targets,
    rng: rngFromSeed(seed),
  });
  return {
    spec: 1,
    name: 'ijepa',
    backbone,
    result: teacher,
    config,
    recipe,
    views: plan,
    acrossRanks: 'mean',
    trained: { backbone, predictor },
    carried: { teacherBackbone: teacher },
    schedules: { momentum: ({ step, steps }) => linear(config.momentum, 1)(step, steps) },
    signatures,
    draw: ({ seed: run, epoch, index }) => mask.draw(hostRng(run, epoch, index)),
    ...inParts(partsOf(vit, teacher, predictor, config)),
    afterStep: ({ scheduled }) => moveTowards(teacher.members, vit.members, scheduled.momentum!),
    embed: (images: Tensor) => teacher(images), // [B, D]
    pictures: input => ({ masks: maskPictures(input, vit.config.patchSize, config.targets) }),
  };
}

function usual(backbone: Backbone): { readonly size?: number; readonly channels: number } {
  const { config } = backbone as Backbone & { readonly config?: VisionTransformer['config'] };
  return { ...(config && { size: config.imgSize }), channels: backbone.inChannels };
}

function partsOf(
  vit: VisionTransformer,
  teacher: VisionTransformer,
  predictor: Predictor,
  { loss }: IJEPAConfig,
): StepParts {
  return {
    encode({ views: [images], drawn: { context, targets } }) {
      const latent = vit.tokens(images!, { keep: context! }); //                              [B, K, D]
      const all = stopGradient(normalizeTokens(teacher.tokens(images!))); //                  [B, N, D]
      return {
        predictions: predictor.predict(latent, context!, targets!), //                        [B, n·M, D]
        targets: gatherTokens(all, targets!),
        features: latent.mean(1),
        pictures: all.mean(1),
      };
    },
    loss({ predictions, targets, features, pictures }, _batch, { scheduled }) {
      return {
        loss: ijepaLoss(predictions!, targets!, { loss }),
        features: features!,
        metrics: { targetStd: featureStdOf(pictures!), teacherMomentum: scheduled.momentum! },
      };
    },
  };
}
