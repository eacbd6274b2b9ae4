import type { Recipe } from '@ssl/core';

/**
 * The one home of NNCLR's numbers (arXiv:2104.14548). The authors have published no code. heads.py and cifar10_benchmark.py = lightly 1.6.0
 * (models/modules, whose docstrings quote the paper's section on architecture, and docs/source/getting_started/benchmarks); nnclr.py and
 * nnclr.yaml = solo-learn (solo/methods and scripts/pretrain/cifar).
 */
export type NNCLRConfig = {
  /** Width P of projections and predictions. */
  readonly projectionDim: number;
  /** Width of the projection head's hidden layers. */
  readonly hiddenDim: number;
  /** Linear layers in the projection head. */
  readonly layers: number;
  /** Width of the prediction head's hidden layer. */
  readonly predictorDim: number;
  /** τ, above 0. */
  readonly temperature: number;
  /** Projections kept in the support set; at least those of a step, at best less than half of the pictures. */
  readonly queueSize: number;
};

export const defaults: NNCLRConfig = {
  projectionDim: 256, //   paper, as heads.py quotes it: d = 256; nnclr.py
  hiddenDim: 2048, //      likewise: [2048, 2048, d]
  layers: 3, //            likewise; cifar10_benchmark.py has 2
  predictorDim: 4096, //   likewise: [4096, d]
  temperature: 0.1, //     paper, algorithm 1: t = 0.1 (nnclr.yaml: 0.2)
  queueSize: 65536, //     nnclr.yaml, nnclr.py (cifar10_benchmark.py: 4096)
};

/** Small pictures on one machine: cifar10_benchmark.py, NNCLRModel: 0.06 for 128 images, weight decay 5e-4, 200 epochs; SimCLR's warm-up. */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.12,
  weightDecay: 5e-4,
  warmupEpochs: 10,
  epochs: 200,
  batchSize: 512,
};

/** ImageNet: SimCLR's LARS (arXiv:2002.05709 §2.3), which the paper follows, for its 1,000 epochs with 4,096 images. */
export const imagenet: Recipe = {
  optimizer: 'lars',
  learningRate: 0.3,
  weightDecay: 1e-6,
  warmupEpochs: 10,
  epochs: 1000,
  batchSize: 4096,
};
