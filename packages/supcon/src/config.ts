import type { Recipe } from '@ssl/core';

/**
 * The one home of SupCon's numbers. § = arXiv:2004.11362v5; files = HobbitLong/SupContrast, commit 66a8fe5; google = google-research/supcon
 * (its scripts and hparams_flags.py).
 */
export type SupConConfig = {
  /** Width of the projection head's hidden layers; 0 takes the backbone's D. */
  readonly hiddenDim: number;
  /** Width P of the projections. */
  readonly projectionDim: number;
  /** Linear layers in the projection head; 1 is a linear head. */
  readonly layers: number;
  /** τ, above 0. Lower weighs the hardest negatives and positives more; the paper's runs have 0.1 (§4). */
  readonly temperature: number;
  /** Above 0: the loss is multiplied by temperature / baseTemperature, since its gradient grows as 1 / temperature. Equal to `temperature`, nothing is changed. */
  readonly baseTemperature: number;
};

export const defaults: SupConConfig = {
  hiddenDim: 0, //            resnet_big.py, SupConResNet: as wide as the features; §3: 2048, as wide as those of a ResNet-50
  projectionDim: 128, //      §3; resnet_big.py, feat_dim
  layers: 2, //               §3: one hidden layer, or linear; resnet_big.py, head='mlp'
  temperature: 0.07, //       main_supcon.py --temp, losses.py; google: --temperature (§4, README.md and google's scripts: 0.1)
  baseTemperature: 0.07, //   losses.py: what the learning rates of main_supcon.py go with (google: 1)
};

export type CrossEntropyConfig = {
  /** K, the number of classes, at least 2: labels are 0 … K − 1. There is no default. */
  readonly classes: number;
  /** From 0 to below 1: this share of the target is spread evenly over all classes. */
  readonly labelSmoothing: number;
};

export const crossEntropyDefaults: CrossEntropyConfig = {
  classes: 0, //          to be set
  labelSmoothing: 0, //   main_ce.py; google's configs.sh, CIFAR10_FLAGS (ImageNet: 0.05, IMAGENET_FLAGS)
};

/** CIFAR-10: README.md, "Supervised Contrastive Learning" (0.5 for 1,024 images), main_supcon.py, whose 10 epochs of warm-up are for more than 256 images. */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.125,
  weightDecay: 1e-4,
  warmupEpochs: 10,
  epochs: 1000,
  batchSize: 1024,
};

/** ImageNet, ResNet-50: google's supcon_imagenet_resnet50.sh; warm-up: hparams_flags.py, --stage_1_warmup_epochs. Temperature 0.1 goes with it. */
export const imagenet: Recipe = {
  optimizer: 'lars',
  learningRate: 0.4,
  weightDecay: 1e-3,
  warmupEpochs: 12,
  epochs: 350,
  batchSize: 6144,
};

/** The baseline on CIFAR-10: README.md, "Standard Cross-Entropy" (0.8 for 1,024 images), main_ce.py. */
export const cifarCrossEntropy: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.2,
  weightDecay: 1e-4,
  warmupEpochs: 10,
  epochs: 500,
  batchSize: 1024,
};

/** The baseline on ImageNet: google's cross_entropy_imagenet_resnet50.sh, without Nesterov's momentum. Label smoothing 0.05 goes with it. */
export const imagenetCrossEntropy: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.1,
  weightDecay: 1e-4,
  warmupEpochs: 12,
  epochs: 200,
  batchSize: 6144,
};
