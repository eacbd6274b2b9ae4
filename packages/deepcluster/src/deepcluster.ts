import {
  type Backbone,
  type EpochWork,
  inParts,
  l2Normalize,
  type Method,
  type Module,
  matMul,
  mlp,
  passesBySize,
  type Recipe,
  rngFromSeed,
  type StepParts,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { checkedConfig, checkImages, checkViews } from './check.ts';
import { cifar, type DeepClusterConfig, REMEMBERED_VIEWS } from './config.ts';
import { kMeansWith } from './kmeans.ts';
import { type PassGraphs, passGraphs } from './kmeans-passes.ts';
import { deepClusterLoss } from './loss.ts';
import { type Memory, memoryOf } from './memory.ts';
import { signaturesOf } from './signatures.ts';
import { deepClusterViews } from './views.ts';

export interface DeepClusterOptions extends Partial<DeepClusterConfig> {
  readonly backbone: Backbone;
  /** Default `deepClusterViews()` for the backbone's channels. Two large views first; any number of smaller ones, the same or none. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the head's initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * DeepCluster v2 (arXiv:2006.09882, appendix; DeepCluster: arXiv:1807.05520): before each epoch the remembered projections of all images are clustered,
 * by spherical k-means and several times; in the epoch every view of an image is to tell the clusters that it was found in.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, for views that are not as said, and, when a run
 * begins, for more clusters than images
 */
export function deepcluster({ backbone, views, recipe = cifar, seed = 0, ...overrides }: DeepClusterOptions): Method {
  const config = checkedConfig(overrides);
  const plan = views ?? deepClusterViews({ channels: backbone.inChannels });
  checkViews(plan);
  const { hiddenDim, projectionDim } = config;
  const head = mlp([backbone.outDim, hiddenDim, projectionDim], { rng: rngFromSeed(seed) });
  return withMemory({ backbone, head, plan, recipe, seed }, config);
}

interface Parts {
  readonly backbone: Backbone;
  readonly head: Module;
  readonly plan: ViewPlan;
  readonly recipe: Recipe;
  readonly seed: number;
}

function withMemory(parts: Parts, config: DeepClusterConfig): Method {
  const { backbone, head, plan, recipe, seed } = parts;
  const memory = memoryOf(config, rngFromSeed(seed + 1));
  const graphs = passGraphs();
  const project = (images: Tensor): Tensor => head(backbone(images));
  return {
    spec: 1,
    name: 'deepcluster',
    backbone,
    config: { ...config, clusters: [...config.clusters] },
    recipe,
    views: plan,
    acrossRanks: 'mean',
    trained: { backbone, head },
    carried: memory.members,
    signatures: signaturesOf(config),
    forRun({ images }) {
      checkImages(config, images);
      return withMemory(parts, { ...config, images });
    },
    beforeEpoch: async work => {
      if (work.epoch === 0) memory.fill(await work.features(images => l2Normalize(project(images))));
      await cluster(memory, graphs, config, work);
    },
    ...inParts(stepOf(backbone, head, memory, config)),
    embed: (images: Tensor) => backbone(images), //     [B, D]
    project, //                                         [B, P]
  };
}

/** Finds the clusters of every head anew. Heads take turns with the remembered views, and start from images of their own. */
async function cluster(
  memory: Memory,
  graphs: PassGraphs,
  { iterations }: DeepClusterConfig,
  work: EpochWork,
): Promise<void> {
  const heads = memory.centroids.length;
  let largest = 0;
  for (let i = 0; i < heads; i++) {
    const rows = memory.rows(i % REMEMBERED_VIEWS, work.size);
    const clusters = memory.centroids[i]!.shape[0]!;
    const stream = work.epoch * heads + i;
    const settings = { clusters, metric: 'cosine', init: 'random', iterations, seed: work.seed, stream } as const;
    const { centroids, assignments, sizes } = await kMeansWith(graphs, rows, settings).finally(() => rows.dispose());
    memory.centroids[i]!.load(centroids.features);
    const all = memory.assignments[i]!.values() as Int32Array;
    all.set(assignments);
    memory.assignments[i]!.load(all);
    largest = Math.max(largest, ...sizes);
  }
  memory.largest.load(Float32Array.of(largest / work.size));
}

function stepOf(backbone: Backbone, head: Module, memory: Memory, config: DeepClusterConfig): StepParts {
  return {
    // One pass of the backbone for each size, one of the head for all views (src/resnet50.py, forward).
    encode({ views }) {
      const features = passesBySize(views, backbone); //                                      [B, D] each
      const embeddings = tf.split(l2Normalize(head(tf.concat(features))), views.length); //   [B, P] each
      return {
        ...Object.fromEntries(features.slice(0, REMEMBERED_VIEWS).map((each, i) => [`features${i}`, each])),
        ...Object.fromEntries(embeddings.map((each, i) => [`embedding${i}`, each])),
      };
    },
    loss(encoded, { indices }) {
      const of = (kind: string): Tensor[] =>
        Object.entries(encoded).flatMap(([name, each]) => (/^\D+/.exec(name)![0] === kind ? [each] : []));
      const embeddings = of('embedding');
      const rows = tf.concat(embeddings); //                                                  [V·B, P]
      const scores = memory.centroids.map(each => matMul(rows, each.read(), false, true)); // [V·B, K]
      const targets = memory.assignments.map(each => tf.tile(tf.gather(each.read(), indices), [embeddings.length]));
      const loss = deepClusterLoss(scores, targets, config);
      const largestCluster = memory.largest.read();
      memory.remember(embeddings.slice(0, REMEMBERED_VIEWS), indices);
      return { loss, features: tf.concat(of('features')), metrics: { largestCluster } };
    },
  };
}
