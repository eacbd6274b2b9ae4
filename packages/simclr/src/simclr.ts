import {
  type Backbone,
  configure,
  type Method,
  mlp,
  type Recipe,
  rngFromSeed,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { cifar, defaults, type SimCLRConfig } from './config.ts';
import { ntXent } from './loss.ts';
import { simclrViews } from './views.ts';

export interface SimCLROptions extends Partial<SimCLRConfig> {
  readonly backbone: Backbone;
  /** Default `simclrViews()` for the backbone's channels. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the head's initial weights. Default 0. */
  readonly seed?: number;
}

/** SimCLR (arXiv:2002.05709): contrasts the two views of each image with every other image of the batch. */
export function simclr({ backbone, views, recipe = cifar, seed = 0, ...overrides }: SimCLROptions): Method {
  const config = configure('simclr', defaults, overrides);
  const D = backbone.outDim;
  const hidden = Array<number>(config.layers - 1).fill(config.hiddenDim || D);
  const head = mlp([D, ...hidden, config.projectionDim], { rng: rngFromSeed(seed), lastNorm: 'affine' });
  return {
    spec: 1,
    name: 'simclr',
    backbone,
    config,
    recipe,
    views: views ?? simclrViews({ channels: backbone.inChannels }),
    acrossRanks: 'gathers-negatives',
    trained: { backbone, head },
    step({ views: [first, second] }) {
      const features = backbone(tf.concat([first!, second!])); //   [2B, D]: one pass, so that batch norm sees both views
      return { loss: ntXent(head(features), config), features };
    },
    embed: (images: Tensor) => backbone(images), //                 [B, D]
    project: (images: Tensor) => head(backbone(images)), //         [B, P]
  };
}
