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
  type Signature,
  staysBelow,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { cifar, defaults, type NewMethodConfig } from './config.ts';
import { newMethodTerms } from './loss.ts';
import { newMethodViews } from './views.ts';

export interface NewMethodOptions extends Partial<NewMethodConfig> {
  readonly backbone: Backbone;
  /** Default `newMethodViews()` for the backbone's channels. Two views. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the head's initial weights. Default 0. */
  readonly seed?: number;
}

/** How a run that fails looks, for training to name the cause: one entry for each way. */
const signatures: readonly Signature[] = [
  staysBelow('spread', 0.1, {
    cause: 'nothing keeps the images apart: the uniformity term is missing or far too small',
    change: 'set uniformity to 1',
  }),
];

/**
 * New method (arXiv:2005.10242): one sentence on what it asks of the features.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, and for a plan of other than two views
 */
export function newMethod({ backbone, views, recipe = cifar, seed = 0, ...overrides }: NewMethodOptions): Method {
  const config = configure('new-method', defaults, overrides);
  const plan = views ?? newMethodViews({ channels: backbone.inChannels });
  check(config, plan);
  const D = backbone.outDim;
  const head = mlp([D, config.hiddenDim || D, config.projectionDim], { rng: rngFromSeed(seed) });
  return {
    spec: 1,
    name: 'new-method',
    backbone,
    config,
    recipe,
    views: plan,
    acrossRanks: 'gathers-negatives',
    trained: { backbone, head },
    signatures,
    ...inParts({
      encode({ views: [first, second] }) {
        const features = backbone(tf.concat([first!, second!])); //   [2B, D]
        const [featuresA, featuresB] = tf.split(features, 2) as [Tensor, Tensor];
        const [za, zb] = tf.split(head(features), 2) as [Tensor, Tensor];
        return { featuresA, featuresB, za, zb };
      },
      loss({ featuresA, featuresB, za, zb }) {
        const { loss, alignment, uniformity } = newMethodTerms(za!, zb!, config);
        return {
          loss,
          metrics: { alignment, spread: uniformity.neg() },
          features: tf.concat([featuresA!, featuresB!]),
        };
      },
    }),
    embed: (images: Tensor) => backbone(images), //         [B, D]
    project: (images: Tensor) => head(backbone(images)), // [B, P]
  };
}

function check({ hiddenDim, projectionDim, sharpness, uniformity }: NewMethodConfig, plan: ViewPlan): void {
  requireCounts('new-method', { hiddenDim }, 0);
  requireCounts('new-method', { projectionDim });
  if (sharpness <= 0)
    throw new ConfigError(`new-method: sharpness must be above 0; got ${sharpness}; change sharpness`);
  if (uniformity < 0)
    throw new ConfigError(`new-method: uniformity must be 0 or above; got ${uniformity}; change uniformity`);
  requireTwoViews('new-method', plan, 'newMethodViews', { oneSize: true });
}
