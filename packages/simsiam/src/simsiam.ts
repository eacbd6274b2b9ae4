import {
  type Backbone,
  configure,
  featureStdOf,
  inParts,
  type Method,
  type Recipe,
  requireCounts,
  requireTwoViews,
  type StepParts,
  stopGradient,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { cifar, defaults, type SimSiamConfig } from './config.ts';
import { dimensionsOf } from './dimensions.ts';
import { type Heads, headsOf } from './heads.ts';
import { negativeCosineSimilarity } from './loss.ts';
import { signatures } from './signatures.ts';
import { simsiamViews } from './views.ts';

export interface SimSiamOptions extends Partial<SimSiamConfig> {
  readonly backbone: Backbone;
  /** Default `simsiamViews()` for the backbone's channels. Two views. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the heads' initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * SimSiam (arXiv:2011.10566): from one view of an image, the network predicts what it makes of the other view itself, which is held fixed.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, and for a plan of other than two views
 */
export function simsiam({ backbone, views, recipe = cifar, seed = 0, ...overrides }: SimSiamOptions): Method {
  const config = configure('simsiam', defaults, overrides);
  const plan = views ?? simsiamViews({ channels: backbone.inChannels });
  check(config, plan);
  const heads = headsOf(backbone.outDim, config, seed);
  const { head, predictor } = heads;
  return {
    spec: 1,
    name: 'simsiam',
    backbone,
    config,
    recipe,
    views: plan,
    acrossRanks: 'mean',
    trained: { backbone, head, predictor },
    groups: peak =>
      config.fixPredictorRate ? [{ match: ({ name }) => name.startsWith('predictor.'), fixedLearningRate: peak }] : [],
    signatures,
    ...inParts(partsOf(backbone, heads)),
    embed: (images: Tensor) => backbone(images), //         [B, D]
    project: (images: Tensor) => head(backbone(images)), // [B, P]
  };
}

function partsOf(backbone: Backbone, { head, predictor }: Heads): StepParts {
  return {
    // Each view is a pass of its own, with batch statistics of its own, as in the official code.
    encode({ views: [first, second] }) {
      const [features1, features2] = [backbone(first!), backbone(second!)]; //    [B, D]
      const [projection1, projection2] = [head(features1), head(features2)]; //   [B, P]
      const predictions = { prediction1: predictor(projection1), prediction2: predictor(projection2) };
      return { features1, features2, projection1, projection2, ...predictions };
    },
    loss({ features1, features2, projection1, projection2, prediction1, prediction2 }) {
      const losses = [
        negativeCosineSimilarity(prediction1!, projection2!),
        negativeCosineSimilarity(prediction2!, projection1!),
      ];
      return {
        loss: tf.addN(losses).div(2),
        features: tf.concat([features1!, features2!]),
        metrics: {
          targetStd: featureStdOf(stopGradient(projection1!)),
          targetDimensions: dimensionsOf(stopGradient(projection1!)),
        },
      };
    },
  };
}

function check({ fixPredictorRate: _, ...sizes }: SimSiamConfig, plan: ViewPlan): void {
  requireCounts('simsiam', sizes);
  requireTwoViews('simsiam', plan, 'simsiamViews');
}
