import {
  type Backbone,
  ConfigError,
  DataError,
  inParts,
  lossStuckAt,
  type Method,
  type Recipe,
  rngFromSeed,
  softmaxCrossEntropy,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { type Dataset, digest, plans } from '@ssl/core/data';
import type { Features } from '@ssl/core/eval';
import { linear } from '@ssl/core/nn';
import { type Clustering, type KMeansOptions, kMeans } from './kmeans.ts';

/** VISSL, clusterfit_resnet_8gpu_imagenet.yaml: SGD with 0.1 for 256 images, 1e-4, 5 of 105 epochs of warm-up; a cosine here, steps there. */
export const clusterFitRecipe: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.1,
  weightDecay: 1e-4,
  warmupEpochs: 5,
  epochs: 105,
  batchSize: 256,
};

/**
 * The first step of ClusterFit (arXiv:1912.03330 §3): the clusters of a network's features as labels of the pictures that they were taken from.
 * @param data the pictures, whose own labels are not looked at
 * @param features `[N, D]`, of each picture in order, by any network: `extractFeatures` of `@ssl/core/eval`
 * @returns the same pictures with their clusters as labels, and the clusters
 * @throws ConfigError as `kMeans`; DataError when there is not one row a picture
 */
export async function clusterLabels(
  data: Dataset,
  features: Features,
  options: KMeansOptions,
): Promise<{ readonly data: Dataset; readonly clustering: Clustering }> {
  const rows = 'dim' in features ? features.features.length / features.dim : features.shape[0]!;
  if (rows !== data.size) {
    throw new DataError(
      `clusterLabels: there must be one row of features for each picture; got ${rows} for ${data.size} in ${data.name}; take them of the same data`,
    );
  }
  const clustering = await kMeans(features, options);
  const { assignments: labels } = clustering;
  const classes = Array.from({ length: options.clusters }, (_, k) => `cluster ${k}`);
  return { data: { ...data, labels, classes, fingerprint: digest(data.fingerprint, labels) }, clustering };
}

export interface ClusterFitOptions {
  /** The new network, from scratch. */
  readonly backbone: Backbone;
  /** K, the clusters that are labels. */
  readonly clusters: number;
  /** Default: `plans.linearTraining`'s crop and flip for the backbone's channels, at 32 pixels. One view. */
  readonly views?: ViewPlan;
  /** Default `clusterFitRecipe`. */
  readonly recipe?: Recipe;
  /** Of the classifier's initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * The second step of ClusterFit (arXiv:1912.03330 §3): a new network learns to tell the clusters, by the cross-entropy of a linear classifier.
 * @throws ConfigError for other than one view or fewer than 2 clusters
 */
export function clusterFit({
  backbone,
  clusters,
  views,
  recipe = clusterFitRecipe,
  seed = 0,
}: ClusterFitOptions): Method {
  const plan = views ?? plans.linearTraining({ size: 32, channels: backbone.inChannels });
  if (!Number.isInteger(clusters) || clusters < 2) {
    throw new ConfigError(`clusterfit: clusters must be a whole number of at least 2; got ${clusters}`);
  }
  const count = plan.reduce((sum, spec) => sum + spec.count, 0);
  if (count !== 1) throw new ConfigError(`clusterfit: views must be one; got ${count}; give a plan of one view`);
  const classifier = linear(backbone.outDim, clusters, { rng: rngFromSeed(seed) });
  return {
    spec: 1,
    name: 'clusterfit',
    backbone,
    config: { clusters },
    recipe,
    views: plan,
    acrossRanks: 'mean',
    needsLabels: true,
    classes: clusters,
    trained: { backbone, classifier },
    signatures: [
      lossStuckAt(() => Math.log(clusters), {
        label: `ln ${clusters}`,
        cause:
          'no cluster is told from another: weight decay leaves no weights, the learning rate is too low, or the features that were clustered say nothing of the pictures',
        change: `set weightDecay to ${clusterFitRecipe.weightDecay}; if it is, set learningRate to ten times it`,
      }),
    ],
    ...inParts({
      encode({ views: [view] }) {
        const features = backbone(view!); //                   [B, D]
        return { features, logits: classifier(features) }; //  [B, K]
      },
      loss({ features, logits }, { labels }) {
        const right = tf.cast(logits!.argMax(1).equal(labels!), 'float32').mean();
        return {
          loss: softmaxCrossEntropy(logits!, labels!),
          features: features!,
          metrics: { clusterAccuracy: right },
        };
      },
    }),
    embed: (images: Tensor) => backbone(images),
  };
}
