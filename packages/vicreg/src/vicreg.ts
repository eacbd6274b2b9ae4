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
import { cifar, defaults, type VICRegConfig } from './config.ts';
import { vicregTerms } from './loss.ts';
import { signatures } from './signatures.ts';
import { vicregViews } from './views.ts';

export interface VICRegOptions extends Partial<VICRegConfig> {
  readonly backbone: Backbone;
  /** Default `vicregViews()` for the backbone's channels. Two views. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the head's initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * VICReg (arXiv:2105.04906): the projections of two views of an image are to be alike, while those of a batch keep a deviation in each
 * dimension and no covariance between dimensions.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, and for a plan of other than two views
 */
export function vicreg({ backbone, views, recipe = cifar, seed = 0, ...overrides }: VICRegOptions): Method {
  const config = configure('vicreg', defaults, overrides);
  const plan = views ?? vicregViews({ channels: backbone.inChannels });
  check(config, plan);
  const hidden = Array<number>(config.layers - 1).fill(config.hiddenDim);
  const widths = [backbone.outDim, ...hidden, config.projectionDim];
  const head = mlp(widths, { rng: rngFromSeed(seed), lastBias: false }); // no term of the loss would see it
  return {
    spec: 1,
    name: 'vicreg',
    backbone,
    config,
    recipe,
    views: plan,
    acrossRanks: 'sums-statistics',
    trained: { backbone, head },
    signatures: signatures(config),
    ...inParts({
      encode({ views: [first, second] }) {
        const [featuresA, featuresB] = [backbone(first!), backbone(second!)]; // a pass each, so that batch norm sees one view
        return { featuresA, featuresB, za: head(featuresA), zb: head(featuresB) };
      },
      loss({ featuresA, featuresB, za, zb }) {
        const { loss, ...metrics } = vicregTerms(za!, zb!, config);
        return { loss, metrics, features: tf.concat([featuresA!, featuresB!]) };
      },
    }),
    embed: (images: Tensor) => backbone(images), //         [B, D]
    project: (images: Tensor) => head(backbone(images)), // [B, P]
  };
}

function check(config: VICRegConfig, plan: ViewPlan): void {
  const { hiddenDim, projectionDim, layers, gamma, epsilon, ...weights } = config;
  requireCounts('vicreg', { hiddenDim, projectionDim, layers });
  for (const [name, value] of Object.entries(weights)) {
    if (value < 0) throw new ConfigError(`vicreg: ${name} must be 0 or above; got ${value}`);
  }
  for (const [name, value] of Object.entries({ gamma, epsilon })) {
    if (value <= 0) throw new ConfigError(`vicreg: ${name} must be above 0; got ${value}`);
  }
  requireTwoViews('vicreg', plan, 'vicregViews');
}
