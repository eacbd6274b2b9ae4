import type { Recipe } from '@ssl/core';

/**
 * The one home of SimCLR's numbers. § and App. = arXiv:2002.05709v3; code = google-research/simclr, commit 383d414.
 * Where the two differ, code has SimCLR v2; v2 § = arXiv:2006.10029. The decoupled losses are arXiv:2110.06848's; dcl.py =
 * raminnakhli/Decoupled-Contrastive-Learning, commit f876c83, loss/dcl.py.
 */
export type SimCLRConfig = {
  /** Width of the projection head's hidden layers; 0 takes the backbone's D. */
  readonly hiddenDim: number;
  /** Width P of the projections. */
  readonly projectionDim: number;
  /** Linear layers in the projection head; 1 is a linear head. */
  readonly layers: number;
  /** Above 0. Lower weighs the hardest negatives more; set 0.1 on ImageNet (§5.1, table 5; code: run.py --temperature). */
  readonly temperature: number;
  /** NT-Xent; decoupled (`dcl`), for small batches; or decoupled and with weighed positives (`dclw`). */
  readonly loss: SimCLRLoss;
  /** Of the weights of `dclw`, above 0; lower weighs the positives that agree least more. */
  readonly sigma: number;
};

export type SimCLRLoss = 'ntxent' | 'dcl' | 'dclw';

export const defaults: SimCLRConfig = {
  hiddenDim: 0, //         §4.2: as wide as the representation; code: model_util.py projection_head, mid_dim
  projectionDim: 128, //   §2.3; code: run.py --proj_out_dim
  layers: 2, //            §2.3; code has 3: run.py --num_proj_layers
  temperature: 0.5, //     App. B.9, CIFAR-10; code: README.md, its CIFAR-10 command
  loss: 'ntxent', //       §2.1, eq. 1
  sigma: 0.5, //           dcl.py, DCLW; lightly's DCLWLoss
};

/** SimCLR v2, without its memory of other batches (v2 §2.1). With it goes the recipe `imagenetV2`. */
export const v2: Pick<SimCLRConfig, 'hiddenDim' | 'projectionDim' | 'layers' | 'temperature'> = {
  hiddenDim: 0, //         v2 §2.1; code: model_util.py projection_head, mid_dim
  projectionDim: 128, //   code: run.py --proj_out_dim
  layers: 3, //            v2 §2.1 and §3.1; code: run.py --num_proj_layers
  temperature: 0.1, //     code: run.py --temperature
};

/**
 * ImageNet: §2.3; code: run.py --learning_rate, --warmup_epochs, --train_epochs, --momentum, and its weight decay is 1e-4.
 * With it goes temperature 0.1, and below 4,096 images `{ scaling: 'sqrt', learningRate: 0.075 }` (App. B.1, table B.1).
 */
export const imagenet: Recipe = {
  optimizer: 'lars',
  learningRate: 0.3,
  weightDecay: 1e-6,
  warmupEpochs: 10,
  epochs: 100,
  batchSize: 4096,
};

/**
 * Small pictures on one machine: SGD as in lightly's CIFAR-10 benchmark (docs/source/getting_started/benchmarks/cifar10_benchmark.py:
 * 0.06 for 128 images, weight decay 5e-4, 200 epochs); its larger batch, and SimCLR's 10 epochs of warm-up (§2.3), which lightly
 * leaves out. LARS is for batches larger than such sets have room for (§2.2).
 */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.12,
  weightDecay: 5e-4,
  warmupEpochs: 10,
  epochs: 200,
  batchSize: 512,
};

/** SimCLR v2 on ImageNet: v2 §3.1 (rate 6.4 = 0.1·√4096, a rise over the first 5 % of the epochs); weight decay also code: run.py. */
export const imagenetV2: Recipe = {
  optimizer: 'lars',
  learningRate: 0.1,
  scaling: 'sqrt',
  weightDecay: 1e-4,
  warmupEpochs: 40,
  epochs: 800,
  batchSize: 4096,
};
