import type { Recipe } from '@ssl/core';

/**
 * The one home of MoCo's numbers. v1 = arXiv:1911.05722v3, v2 = arXiv:2003.04297v1, v3 = arXiv:2104.02057v4; code = facebookresearch/moco
 * (main_moco.py, moco/builder.py) and facebookresearch/moco-v3 (the same names, commit c349e6e); demo = the CIFAR-10 notebook that
 * facebookresearch/moco's README links to (colab/moco_cifar10_demo.ipynb), one GPU.
 */
export type MoCoConfig = {
  /** 1, 2 or 3: decides the defaults of all others. */
  readonly version: number;
  /** Width P of queries and keys. */
  readonly projectionDim: number;
  /** Width of the hidden layers of the heads; 0 takes the backbone's D. */
  readonly hiddenDim: number;
  /** Linear layers in the projection head; 1 is a linear head. */
  readonly layers: number;
  /** τ, above 0. */
  readonly temperature: number;
  /** Share of its old value that the key encoder keeps in each step, in [0, 1]. */
  readonly momentum: number;
  /** `constant`, or `cosine`: the momentum rises to 1 over the run. */
  readonly momentumSchedule: string;
  /** Keys kept as negatives; at least the keys of a step. 0, and only 0, in version 3, whose negatives are the other keys of the batch. */
  readonly queueSize: number;
  /** Groups of images with batch statistics of their own, shuffled for the keys; 1 takes the whole batch. At least two images each. */
  readonly shuffleGroups: number;
  /** Both views are queries and keys, and both losses are added. */
  readonly symmetric: boolean;
};

const v1: MoCoConfig = {
  version: 1,
  projectionDim: 128, //            v1 §3.3; code: --moco-dim
  hiddenDim: 0,
  layers: 1, //                     v1 §3.3: a linear layer
  temperature: 0.07, //             v1 §3.3; code: --moco-t (demo: 0.1)
  momentum: 0.999, //               v1 §4.1; code: --moco-m (demo: 0.99)
  momentumSchedule: 'constant',
  queueSize: 65536, //              v1 §4.1; code: --moco-k (demo: 4096)
  shuffleGroups: 8, //              v1 §4.1: 8 GPUs; demo: --bn-splits 8
  symmetric: false, //              v1 alg. 1 (demo: an option, --symmetric)
};

const v2: MoCoConfig = {
  ...v1,
  version: 2,
  layers: 2, //                     v2 §3: 2-layer MLP; code: builder.py, mlp: hidden layer as wide as the features
  temperature: 0.2, //              v2 §3, table 2; code: README.md, --moco-t 0.2
};

const v3: MoCoConfig = {
  version: 3,
  projectionDim: 256, //            code: --moco-dim
  hiddenDim: 4096, //               code: --moco-mlp-dim
  layers: 2, //                     code: MoCo_ResNet (3 for a ViT: MoCo_ViT)
  temperature: 1, //                code: --moco-t, and no other value for ResNet-50 in README.md (0.2 for a ViT)
  momentum: 0.99, //                code: --moco-m (0.996 for 1,000 epochs: CONFIG.md)
  momentumSchedule: 'cosine', //    code: --moco-m-cos in every command of README.md
  queueSize: 0, //                  v3 §3: no queue
  shuffleGroups: 1, //              code: SyncBatchNorm
  symmetric: true, //               v3 alg. 1
};

export const versions: Readonly<Record<number, MoCoConfig>> = { 1: v1, 2: v2, 3: v3 };

/** Version 2's. */
export const defaults: MoCoConfig = v2;

/**
 * Small pictures on one machine, versions 1 and 2: the demo, `--lr 0.06 --batch-size 512 --wd 5e-4 --epochs 200 --cos`. With it go
 * temperature 0.1, momentum 0.99 and 4,096 keys.
 */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.03,
  weightDecay: 5e-4,
  warmupEpochs: 0,
  epochs: 200,
  batchSize: 512,
};

/** ImageNet, versions 1 and 2: v1 §4 (Training); code: --lr, --wd, --epochs, --batch-size, and for v2 --cos. */
export const imagenet: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.03,
  weightDecay: 1e-4,
  warmupEpochs: 0,
  epochs: 200,
  batchSize: 256,
};

/**
 * Small pictures, version 3, which has no official numbers for them: rate, batch and 1,000 epochs of solo-learn's
 * `scripts/pretrain/cifar/mocov3.yaml`, whose LARS never takes more than the rate, with SGD and the weight decay of `mocov2plus.yaml`.
 */
export const cifarV3: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.3,
  weightDecay: 1e-4,
  warmupEpochs: 10,
  epochs: 1000,
  batchSize: 256,
};

/** ImageNet, version 3: code: main_moco.py's defaults, which README.md's 100 epochs of ResNet-50 keep (0.3 for more: CONFIG.md). */
export const imagenetV3: Recipe = {
  optimizer: 'lars',
  learningRate: 0.6,
  weightDecay: 1e-6,
  warmupEpochs: 10,
  epochs: 100,
  batchSize: 4096,
};
