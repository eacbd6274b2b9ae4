import type { Recipe } from '@ssl/core';

/**
 * The one home of BYOL's numbers. § and App. = arXiv:2006.07733v3; code = google-deepmind/deepmind-research, `byol/`
 * (configs/byol.py, byol_experiment.py, utils/).
 */
export type BYOLConfig = {
  /** Width of the projection head's hidden layer. */
  readonly hiddenDim: number;
  /** Width P of the projections and predictions. */
  readonly projectionDim: number;
  /** Width of the predictor's hidden layer. */
  readonly predictorHiddenDim: number;
  /** τ at the first step, in [0, 1]: share of its old value that the teacher keeps in each step. It rises to 1 by half a cosine wave. */
  readonly momentum: number;
};

export const defaults: BYOLConfig = {
  hiddenDim: 4096, //           §3.2, Architecture; code: configs/byol.py, projector_hidden_size
  projectionDim: 256, //        the same; projector_output_size
  predictorHiddenDim: 4096, //  the same; predictor_hidden_size
  momentum: 0.996, //           §3.2, Optimization, 1,000 epochs; code: _EMA_PRESETS, which has 0.99 for 100 and 300 epochs
};

/**
 * ImageNet: §3.2, Optimization. Code has the same for 1,000 epochs; for 300 it has rate 0.3, for 100 it has 0.45, both with weight decay
 * 1e-6 and momentum 0.99 (configs/byol.py, the presets).
 */
export const imagenet: Recipe = {
  optimizer: 'lars',
  learningRate: 0.2,
  weightDecay: 1.5e-6,
  warmupEpochs: 10,
  epochs: 1000,
  batchSize: 4096,
};

/**
 * Small pictures on one machine: SGD as in lightly's CIFAR-10 benchmark (docs/source/getting_started/benchmarks/cifar10_benchmark.py:
 * 0.06 for 128 images, weight decay 5e-4, 200 epochs, batch 512). lightly's loss is a quarter of the paper's plus a constant, so that a
 * quarter of its rate and four times its decay make the same steps. The 10 epochs of warm-up are the paper's, lightly has none.
 * With it goes momentum 0.99 (lightly's, constant; solo-learn's scripts/pretrain/cifar/byol.yaml, rising to 1).
 */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.03,
  weightDecay: 2e-3,
  warmupEpochs: 10,
  epochs: 200,
  batchSize: 512,
};
