import {
  type Backbone,
  type Batch,
  ConfigError,
  configure,
  DataError,
  inParts,
  type Method,
  mlp,
  type Recipe,
  requireCounts,
  rngFromSeed,
  type Tensor,
  type ViewPlan,
} from '@ssl/core';
import { everyView } from '@ssl/core/data';
import { cifar, defaults, type SupConConfig } from './config.ts';
import { encodeViews, stacked } from './encode.ts';
import { supConTerms } from './loss.ts';
import { signaturesOf } from './signatures.ts';
import { supConViews } from './views.ts';

export interface SupConOptions extends Partial<SupConConfig> {
  readonly backbone: Backbone;
  /** Default `supConViews()` for the backbone's channels. Any number of views, of any sizes. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the head's initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * Supervised contrastive learning (arXiv:2004.11362): contrasts images of one class with those of the others. Needs labels; images
 * without one (−1) are contrasted with all others, as in SimCLR.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range
 */
export function supcon({ backbone, views, recipe = cifar, seed = 0, ...overrides }: SupConOptions): Method {
  const config = configure('supcon', defaults, overrides);
  check(config);
  const plan = views ?? supConViews({ channels: backbone.inChannels });
  const D = backbone.outDim;
  const hidden = Array<number>(config.layers - 1).fill(config.hiddenDim || D);
  const head = mlp([D, ...hidden, config.projectionDim], { rng: rngFromSeed(seed), norm: false });
  return {
    spec: 1,
    name: 'supcon',
    backbone,
    config,
    recipe,
    views: plan,
    acrossRanks: 'gathers-negatives',
    needsLabels: true,
    trained: { backbone, head },
    signatures: signaturesOf(config, everyView(plan).length),
    ...inParts({
      encode: batch => encodeViews(batch.views, backbone, head),
      loss(encoded, batch) {
        const { loss, classmates } = supConTerms(stacked(encoded, 'rows'), labelsOf('supcon', batch), config);
        return { loss, features: stacked(encoded, 'features'), metrics: { classmates } };
      },
    }),
    embed: (images: Tensor) => backbone(images), //                 [B, D]
    project: (images: Tensor) => head(backbone(images)), //         [B, P]
  };
}

/** @throws DataError when the batch has none */
export function labelsOf(who: string, { labels }: Pick<Batch, 'labels'>): Tensor {
  if (labels) return labels;
  throw new DataError(`${who}: learns from labels; got a batch without; give labels, int32 [B], −1 for none`);
}

function check({ hiddenDim, projectionDim, layers, temperature, baseTemperature }: SupConConfig): void {
  requireCounts('supcon', { hiddenDim }, 0);
  requireCounts('supcon', { projectionDim, layers });
  for (const [name, value] of Object.entries({ temperature, baseTemperature })) {
    if (value <= 0) throw new ConfigError(`supcon: ${name} must be above 0; got ${value}`);
  }
}
