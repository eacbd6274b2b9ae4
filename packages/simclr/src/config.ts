import type { Recipe } from '@ssl/core';

/** The one home of SimCLR's numbers. § = arXiv:2002.05709; code = google-research/simclr. */
export type SimCLRConfig = {
  /** Width of the projection head's hidden layers; 0 takes the backbone's D. */
  readonly hiddenDim: number;
  /** Width P of the projections. */
  readonly projectionDim: number;
  /** Linear layers in the projection head. */
  readonly layers: number;
  readonly temperature: number;
};

export const defaults: SimCLRConfig = {
  hiddenDim: 0, //         §2.1: the hidden layer is as wide as the representation (2048 for ResNet-50)
  projectionDim: 128, //   §2.1: "projects the representation to a 128-dimensional latent space"; code: proj_out_dim
  layers: 2, //            §2.1; SimCLR v2 has 3
  temperature: 0.5, //     App. B.9 (CIFAR-10); 0.1 on ImageNet, §5.1
};

/** ImageNet: App. B.6 and §2.2: LARS, learning rate 0.3 · batch / 256, weight decay 1e-6, 10 epochs of warm-up, cosine. */
export const imagenet: Recipe = {
  optimizer: 'lars',
  learningRate: 0.3,
  weightDecay: 1e-6,
  warmupEpochs: 10,
  epochs: 100,
  batchSize: 4096,
};

/**
 * Small pictures on one machine. SGD as in lightly's CIFAR-10 benchmark (0.06 for 128 images, weight decay 5e-4):
 * LARS pays off at batches larger than such sets have room for.
 */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.12,
  weightDecay: 5e-4,
  warmupEpochs: 10,
  epochs: 200,
  batchSize: 512,
};
