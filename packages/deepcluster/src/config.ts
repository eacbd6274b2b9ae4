import type { Recipe } from '@ssl/core';

/**
 * The one home of DeepCluster v2's numbers. App. = appendix of arXiv:2006.09882v5; code = facebookresearch/swav (main_deepclusterv2.py and
 * `scripts/`); solo-learn = scripts/pretrain/cifar/deepclusterv2.yaml.
 */
export type DeepClusterConfig = {
  /** Width of the projection head's hidden layer. */
  readonly hiddenDim: number;
  /** Width P of the projections. */
  readonly projectionDim: number;
  /** K of each head, at least 2 and at most the images. */
  readonly clusters: readonly number[];
  /** τ, above 0. */
  readonly temperature: number;
  /** Updates of the centroids before each epoch. */
  readonly iterations: number;
  /** Images that the memory holds; 0 takes the number from the data when a run begins. */
  readonly images: number;
};

export const defaults: DeepClusterConfig = {
  hiddenDim: 2048, //                code: --hidden_mlp
  projectionDim: 128, //             code: --feat_dim
  clusters: [3000, 3000, 3000], //   code: --nmb_prototypes
  temperature: 0.1, //               code: --temperature
  iterations: 10, //                 code: cluster_memory, nmb_kmeans_iters
  images: 0,
};

/** Views whose projections are remembered, the first ones: code: --crops_for_assign 0 1. Heads take turns with them. */
export const REMEMBERED_VIEWS = 2;

/**
 * Small pictures on one machine: solo-learn's rate of 0.6 for 256 images, 1e-6, a warm-up of 11 of 1,000 epochs. Its LARS never takes more than
 * the rate itself (`clip_lr`), which LARS here does not know; SGD takes it always.
 */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.6,
  finalLearningRate: 6e-4,
  weightDecay: 1e-6,
  warmupEpochs: 11,
  epochs: 1000,
  batchSize: 256,
};

/** ImageNet: code: deepclusterv2_800ep_pretrain.sh, whose rate of 4.8 for 4,096 images is 0.3 for 256. */
export const imagenet: Recipe = {
  optimizer: 'lars',
  learningRate: 0.3,
  finalLearningRate: 4.8e-3,
  weightDecay: 1e-6,
  warmupEpochs: 10,
  epochs: 800,
  batchSize: 4096,
};
