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
import { cifar, defaults, type SimCLRConfig, type SimCLRLoss } from './config.ts';
import { type DCLWOptions, dcl, dclw, ntXent } from './loss.ts';
import { signaturesOf } from './signatures.ts';
import { simclrViews } from './views.ts';

const LOSSES: Readonly<Record<SimCLRLoss, (z: Tensor, options: DCLWOptions) => Tensor>> = { ntxent: ntXent, dcl, dclw };

export interface SimCLROptions extends Partial<SimCLRConfig> {
  readonly backbone: Backbone;
  /** Default `simclrViews()` for the backbone's channels. Two views. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the head's initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * SimCLR (arXiv:2002.05709): contrasts the two views of each image with every other image of the batch.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, and for a plan of other than two views
 */
export function simclr({ backbone, views, recipe = cifar, seed = 0, ...overrides }: SimCLROptions): Method {
  const config = configure('simclr', defaults, overrides);
  const plan = views ?? simclrViews({ channels: backbone.inChannels });
  check(config, plan);
  const loss = LOSSES[config.loss];
  const D = backbone.outDim;
  const hidden = Array<number>(config.layers - 1).fill(config.hiddenDim || D);
  const head = mlp([D, ...hidden, config.projectionDim], { rng: rngFromSeed(seed), lastNorm: 'affine' });
  return {
    spec: 1,
    name: 'simclr',
    backbone,
    config,
    recipe,
    views: plan,
    acrossRanks: 'gathers-negatives',
    trained: { backbone, head },
    signatures: signaturesOf(config),
    ...inParts({
      encode({ views: [first, second] }) {
        const features = backbone(tf.concat([first!, second!])); // [2B, D]: one pass, so that batch norm sees both views
        const [featuresA, featuresB] = tf.split(features, 2) as [Tensor, Tensor];
        const [za, zb] = tf.split(head(features), 2) as [Tensor, Tensor];
        return { featuresA, featuresB, za, zb };
      },
      loss({ featuresA, featuresB, za, zb }) {
        return { loss: loss(tf.concat([za!, zb!]), config), features: tf.concat([featuresA!, featuresB!]) };
      },
    }),
    embed: (images: Tensor) => backbone(images), //                 [B, D]
    project: (images: Tensor) => head(backbone(images)), //         [B, P]
  };
}

function check({ hiddenDim, projectionDim, layers, temperature, loss, sigma }: SimCLRConfig, plan: ViewPlan): void {
  requireCounts('simclr', { hiddenDim }, 0);
  requireCounts('simclr', { projectionDim, layers });
  for (const [name, value] of Object.entries({ temperature, sigma })) {
    if (value <= 0) throw new ConfigError(`simclr: ${name} must be above 0; got ${value}`);
  }
  if (!Object.hasOwn(LOSSES, loss)) {
    throw new ConfigError(`simclr: loss must be one of ${Object.keys(LOSSES).join(', ')}; got '${loss}'`);
  }
  requireTwoViews('simclr', plan, 'simclrViews', { oneSize: true });
}
