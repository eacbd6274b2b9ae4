import {
  type Backbone,
  ConfigError,
  configure,
  inParts,
  type Method,
  mlp,
  type Recipe,
  requireCounts,
  requireTwoViews,
  rngFromSeed,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { isNormOrBias } from '@ssl/core/optim';
import { type BarlowTwinsConfig, cifar, defaults } from './config.ts';
import { barlowTwinsTerms } from './loss.ts';
import { signatures } from './signatures.ts';
import { barlowTwinsViews } from './views.ts';

export interface BarlowTwinsOptions extends Partial<BarlowTwinsConfig> {
  readonly backbone: Backbone;
  /** Default `barlowTwinsViews()` for the backbone's channels. Two views. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the head's initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * Barlow Twins (arXiv:2103.03230): each dimension of the projections is to say the same of both views of an image, and another thing than the
 * other dimensions.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, and for a plan of other than two views
 */
export function barlowTwins({ backbone, views, recipe = cifar, seed = 0, ...overrides }: BarlowTwinsOptions): Method {
  const config = configure('barlow-twins', defaults, overrides);
  const plan = views ?? barlowTwinsViews({ channels: backbone.inChannels });
  check(config, plan);
  const hidden = Array<number>(config.layers - 1).fill(config.hiddenDim);
  const widths = [backbone.outDim, ...hidden, config.projectionDim];
  const head = mlp(widths, { rng: rngFromSeed(seed), lastBias: false }); // the loss takes the mean away
  return {
    spec: 1,
    name: 'barlow-twins',
    backbone,
    config,
    recipe,
    views: plan,
    acrossRanks: 'sums-statistics',
    trained: { backbone, head },
    groups: (_, { optimizer }) =>
      optimizer === 'lars' ? [{ match: isNormOrBias, learningRateScale: config.biasRate }] : [],
    signatures,
    ...inParts({
      encode({ views: [first, second] }) {
        const [featuresA, featuresB] = [backbone(first!), backbone(second!)]; // a pass each, so that batch norm sees one view
        return { featuresA, featuresB, za: head(featuresA), zb: head(featuresB) };
      },
      loss({ featuresA, featuresB, za, zb }) {
        const { loss, ...metrics } = barlowTwinsTerms(za!, zb!, config);
        return { loss, metrics, features: tf.concat([featuresA!, featuresB!]) };
      },
    }),
    embed: (images: Tensor) => backbone(images), //         [B, D]
    project: (images: Tensor) => head(backbone(images)), // [B, P]
  };
}

function check({ hiddenDim, projectionDim, layers, lambda, biasRate }: BarlowTwinsConfig, plan: ViewPlan): void {
  requireCounts('barlow-twins', { hiddenDim, projectionDim, layers });
  for (const [name, value] of Object.entries({ lambda, biasRate })) {
    if (value < 0) throw new ConfigError(`barlow-twins: ${name} must be 0 or above; got ${value}`);
  }
  requireTwoViews('barlow-twins', plan, 'barlowTwinsViews');
}
