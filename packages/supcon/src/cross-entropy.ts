import {
  type Backbone,
  ConfigError,
  configure,
  inParts,
  type Method,
  mlp,
  type Recipe,
  rngFromSeed,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { type CrossEntropyConfig, cifarCrossEntropy, crossEntropyDefaults } from './config.ts';
import { encodeViews, stacked } from './encode.ts';
import { crossEntropyLoss } from './loss.ts';
import { crossEntropySignaturesOf } from './signatures.ts';
import { labelsOf } from './supcon.ts';
import { crossEntropyViews } from './views.ts';

export interface CrossEntropyOptions extends Partial<Omit<CrossEntropyConfig, 'classes'>> {
  /** K: labels are 0 … K − 1. */
  readonly classes: number;
  readonly backbone: Backbone;
  /** Default `crossEntropyViews()` for the backbone's channels. Any number of views, of any sizes: each is classified. */
  readonly views?: ViewPlan;
  /** Default `cifarCrossEntropy`. */
  readonly recipe?: Recipe;
  /** Of the classifier's initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * The supervised baseline: a linear classifier on the features of every view, trained together with the backbone by cross-entropy
 * (HobbitLong/SupContrast, main_ce.py). Needs labels; images without one (−1) do not count. `project` gives the logits.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, and without `classes`
 */
export function crossEntropy({
  backbone,
  views,
  recipe = cifarCrossEntropy,
  seed = 0,
  ...overrides
}: CrossEntropyOptions): Method {
  const config = configure('supervised', crossEntropyDefaults, overrides);
  check(config);
  const classifier = mlp([backbone.outDim, config.classes], { rng: rngFromSeed(seed) });
  return {
    spec: 1,
    name: 'supervised',
    backbone,
    config,
    recipe,
    views: views ?? crossEntropyViews({ channels: backbone.inChannels }),
    acrossRanks: 'mean',
    needsLabels: true,
    classes: config.classes,
    trained: { backbone, classifier },
    signatures: crossEntropySignaturesOf(config),
    ...inParts({
      encode: batch => encodeViews(batch.views, backbone, classifier),
      loss(encoded, batch) {
        const [logits, labels] = [stacked(encoded, 'rows'), labelsOf('supervised', batch)];
        const features = stacked(encoded, 'features');
        return { loss: crossEntropyLoss(logits, labels, config), features, metrics: metricsOf(logits, labels) };
      },
    }),
    embed: (images: Tensor) => backbone(images), //                 [B, D]
    project: (images: Tensor) => classifier(backbone(images)), //   [B, K]
  };
}

/** Share of images with a label, and of their views that are told right. */
function metricsOf(logits: Tensor, labels: Tensor): Record<'labelled' | 'accuracy', Tensor> {
  const known = tf.cast(labels.greaterEqual(0), 'float32');
  const answers = tf.argMax(logits, 1).reshape([-1, labels.shape[0]!]); //   [V, B]
  const right = tf.cast(tf.equal(answers, labels.expandDims(0)), 'float32').mean(0); // −1 is nobody's answer
  return { labelled: known.mean(), accuracy: right.sum().div(known.sum().maximum(1)) };
}

function check({ classes, labelSmoothing }: CrossEntropyConfig): void {
  if (!Number.isInteger(classes) || classes < 2) {
    throw new ConfigError(
      `supervised: classes must be a whole number of at least 2; got ${classes}; set it to the number of classes of the data`,
    );
  }
  if (labelSmoothing < 0 || labelSmoothing >= 1) {
    throw new ConfigError(`supervised: labelSmoothing must be from 0 to below 1; got ${labelSmoothing}`);
  }
}
