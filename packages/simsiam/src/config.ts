import type { Recipe } from '@ssl/core';

/**
 * The one home of SimSiam's numbers. § and App. = arXiv:2011.10566v1; code = facebookresearch/simsiam, commit a7bc177
 * (simsiam/builder.py, main_simsiam.py).
 */
export type SimSiamConfig = {
  /** Width of the projection head's hidden layers. */
  readonly hiddenDim: number;
  /** Width P of the projections and predictions. */
  readonly projectionDim: number;
  /** Linear layers in the projection head; a norm follows each. */
  readonly layers: number;
  /** Width of the predictor's hidden layer, its bottleneck. */
  readonly predictorHiddenDim: number;
  /** The predictor's learning rate stays at the run's largest, whatever the schedule says. */
  readonly fixPredictorRate: boolean;
};

export const defaults: SimSiamConfig = {
  hiddenDim: 2048, //          §3, Baseline settings; code: as wide as the features, which ResNet-50 has as many of
  projectionDim: 2048, //      §3; code: --dim
  layers: 3, //                §3; code: builder.py (CIFAR: 2, App. D)
  predictorHiddenDim: 512, //  §3; code: --pred-dim
  fixPredictorRate: true, //   §4.2, table 1, last row; code: README.md, --fix-pred-lr
};

/** ImageNet: §3, Baseline settings; code: --lr, --wd, --batch-size, --epochs. */
export const imagenet: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.05,
  weightDecay: 1e-4,
  warmupEpochs: 0,
  epochs: 100,
  batchSize: 512,
};

/** CIFAR-10: App. D, with a projection head of 2 layers. */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.03,
  weightDecay: 5e-4,
  warmupEpochs: 0,
  epochs: 800,
  batchSize: 512,
};
