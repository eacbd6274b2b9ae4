import type { Recipe } from '@ssl/core';

/** The one home of Barlow Twins' numbers. § = arXiv:2103.03230v3; code = facebookresearch/barlowtwins `main.py`, commit 8e8d284. */
export type BarlowTwinsConfig = {
  /** Width of the projection head's hidden layers. */
  readonly hiddenDim: number;
  /** Width P of the projections. Wider is better, also than the features (§4, figure 4). */
  readonly projectionDim: number;
  /** Linear layers in the projection head; 1 is a linear head. */
  readonly layers: number;
  /** λ, 0 or above: weight of the correlations between different dimensions against that of each dimension with itself. */
  readonly lambda: number;
  /**
   * Learning rate of biases and norms as a share of the weights', 0 or above, where the optimizer is LARS: that adapts the weights' rate to
   * the length of their gradient, not that of biases and norms.
   */
  readonly biasRate: number;
};

export const defaults: BarlowTwinsConfig = {
  hiddenDim: 8192, //      §2.2, Architecture; code: --projector 8192-8192-8192
  projectionDim: 8192, //  the same
  layers: 3, //            the same
  lambda: 0.005, //        §2.2, Optimization; code has 0.0051: --lambd
  biasRate: 0.024, //      §2.2, Optimization: 0.0048 / 0.2; code: --learning-rate-biases, --learning-rate-weights
};

/** ImageNet: §2.2, Optimization. Code has a weight decay of 1e-6. */
export const imagenet: Recipe = {
  optimizer: 'lars',
  learningRate: 0.2,
  weightDecay: 1.5e-6,
  warmupEpochs: 10,
  epochs: 1000,
  batchSize: 2048,
};

/**
 * Small pictures on one machine: SGD as in lightly's CIFAR-10 benchmark (docs/source/getting_started/benchmarks/cifar10_benchmark.py: 0.06
 * for 128 images, weight decay 5e-4, 200 epochs, a head 2,048 wide); the batch of solo-learn's (scripts/pretrain/cifar/barlow.yaml), and
 * the 10 epochs of warm-up of §2.2, which lightly leaves out.
 */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.12,
  weightDecay: 5e-4,
  warmupEpochs: 10,
  epochs: 200,
  batchSize: 256,
};
