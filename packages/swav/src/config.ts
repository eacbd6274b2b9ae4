import type { Recipe } from '@ssl/core';

/**
 * The one home of SwAV's numbers. § = arXiv:2006.09882v5; code = facebookresearch/swav (main_swav.py and `scripts/`); solo-learn =
 * scripts/pretrain/cifar/swav.yaml; VISSL = vissl/config/defaults.yaml.
 */
export type SwAVConfig = {
  /** Width of the projection head's hidden layer. */
  readonly hiddenDim: number;
  /** Width P of the projections. */
  readonly projectionDim: number;
  /** K, at least 2 and at most the images that are assigned together: those of a batch and of the queue. */
  readonly prototypes: number;
  /** τ of the predictions, above 0. */
  readonly temperature: number;
  /** ε of the assignments, above 0: the smaller, the nearer to one prototype an image. */
  readonly epsilon: number;
  /** Of Sinkhorn-Knopp. */
  readonly iterations: number;
  /** Earlier images that are assigned together with those of a batch, over all ranks; 0 for none. At least the images of a batch. */
  readonly queueSize: number;
  /** Whole epochs before the queue fills. It is used once it is full. */
  readonly queueStartEpoch: number;
  /** Whole epochs in which the prototypes stay as they began. */
  readonly freezeEpochs: number;
  /**
   * 0: images are assigned by the network that is trained. Above, below 1: by a copy of it that keeps this share of its old value in each
   * step (VISSL's variant).
   */
  readonly momentum: number;
};

export const defaults: SwAVConfig = {
  hiddenDim: 2048, //      code: --hidden_mlp
  projectionDim: 128, //   code: --feat_dim
  prototypes: 3000, //     code: --nmb_prototypes
  temperature: 0.1, //     code: --temperature
  epsilon: 0.05, //        code: --epsilon
  iterations: 3, //        code: --sinkhorn_iterations
  queueSize: 3840, //      code: swav_200ep_bs256_pretrain.sh; solo-learn (code with 4,096 images a batch: 0)
  queueStartEpoch: 15, //  code: --epoch_queue_starts (solo-learn: 50)
  freezeEpochs: 1, //      code: --freeze_prototypes_niters: 313 steps of 4,096 images and 5,005 of 256 are both one epoch of ImageNet (solo-learn: 2)
  momentum: 0, //          code; VISSL's variant: 0.99
};

/** Views that images are assigned by, the first ones: code: --crops_for_assign 0 1. All are of the largest size (§3.2). */
export const ASSIGNED_VIEWS = 2;

/**
 * Small pictures on one machine: solo-learn's rate of 0.6 for 256 images, 1e-6, 1,000 epochs, with its warm-up of 10. Its LARS never takes
 * more than the rate itself (`clip_lr`), which LARS here does not know; SGD takes it always.
 */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.6,
  weightDecay: 1e-6,
  warmupEpochs: 10,
  epochs: 1000,
  batchSize: 256,
};

/** ImageNet with 256 images a batch, with which the queue goes: code: swav_200ep_bs256_pretrain.sh. */
export const imagenet: Recipe = {
  optimizer: 'lars',
  learningRate: 0.6,
  finalLearningRate: 6e-4,
  weightDecay: 1e-6,
  warmupEpochs: 0,
  epochs: 200,
  batchSize: 256,
};

/** ImageNet with 4,096 images a batch and `queueSize: 0`: code: swav_800ep_pretrain.sh, whose rate of 4.8 is 0.3 for 256 images. */
export const imagenetLarge: Recipe = {
  optimizer: 'lars',
  learningRate: 0.3,
  finalLearningRate: 4.8e-3,
  weightDecay: 1e-6,
  warmupEpochs: 10,
  epochs: 800,
  batchSize: 4096,
};
