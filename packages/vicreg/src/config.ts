import type { Recipe } from '@ssl/core';

/** The one home of VICReg's numbers. § and App. = arXiv:2105.04906v3; code = facebookresearch/vicreg `main_vicreg.py`, commit 4e12602. */
export type VICRegConfig = {
  /** Width of the projection head's hidden layers (the paper calls the head an expander). */
  readonly hiddenDim: number;
  /** Width P of the projections. */
  readonly projectionDim: number;
  /** Linear layers in the projection head; 1 is a linear head. */
  readonly layers: number;
  /** λ, 0 or above: weight of the distance between the views' projections. */
  readonly invarianceWeight: number;
  /** μ, 0 or above: weight of what each dimension's deviation lacks. As large as λ: other values are unstable (App. D.4). */
  readonly varianceWeight: number;
  /** ν, 0 or above: weight of the covariances between dimensions. Smaller than the others (App. D.4). */
  readonly covarianceWeight: number;
  /** γ, above 0: the deviation over the batch that each dimension is to have at least. */
  readonly gamma: number;
  /** ε, above 0: added to the variance under the root. */
  readonly epsilon: number;
};

export const defaults: VICRegConfig = {
  hiddenDim: 8192, //       §4.2; code: --mlp 8192-8192-8192
  projectionDim: 8192, //   the same
  layers: 3, //             the same
  invarianceWeight: 25, //  §4.2; code: --sim-coeff
  varianceWeight: 25, //    §4.2; code: --std-coeff
  covarianceWeight: 1, //   §4.2; code: --cov-coeff
  gamma: 1, //              §4.1, below eq. 2; code: VICReg.forward
  epsilon: 0.0001, //       §4.2; code: VICReg.forward
};

/**
 * ImageNet: §4.2. For 100 epochs the learning rate is 0.3; with batches of 512, 256 and 128 images it is 0.4, 0.5 and 0.8 (App. C.4). The
 * default of code is 100 epochs: --epochs.
 */
export const imagenet: Recipe = {
  optimizer: 'lars',
  learningRate: 0.2,
  weightDecay: 1e-6,
  warmupEpochs: 10,
  epochs: 1000,
  batchSize: 2048,
};

/**
 * Small pictures on one machine: LARS at 0.3 for 256 images and a weight decay of 1e-4, as solo-learn has it for CIFAR
 * (scripts/pretrain/cifar/vicreg.yaml, with 1,000 epochs and another trust coefficient) and lightly for Imagenette
 * (docs/source/getting_started/benchmarks/imagenette_benchmark.py: "Training diverges without LARS"); the warm-up of §4.2.
 */
export const cifar: Recipe = {
  optimizer: 'lars',
  learningRate: 0.3,
  weightDecay: 1e-4,
  warmupEpochs: 10,
  epochs: 200,
  batchSize: 256,
};
