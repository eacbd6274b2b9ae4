import type { Recipe } from '@ssl/core';

/**
 * The one home of DINO's numbers. § = arXiv:2104.14294v2; main_dino.py, vision_transformer.py, README.md = facebookresearch/dino;
 * cifar10_benchmark.py = lightly 1.6.0 (docs/source/getting_started/benchmarks).
 */
export type DINOConfig = {
  /** Width of the head's hidden layers. */
  readonly hiddenDim: number;
  /** Width P of what the last layer sees, rows of length 1. */
  readonly bottleneckDim: number;
  /** K, what is told apart: the width of the last layer. */
  readonly outputDim: number;
  /** Linear layers before the last one. */
  readonly layers: number;
  /** Batch norm in the head's hidden layers. */
  readonly headNorm: boolean;
  /** The rows of the last layer keep length 1; off, their lengths are trained. */
  readonly normLastLayer: boolean;
  /** τ of the student, above 0. */
  readonly studentTemperature: number;
  /** τ of the teacher from the end of its warm-up on, above 0. */
  readonly teacherTemperature: number;
  /** τ of the teacher in the first epoch, above 0. */
  readonly warmupTeacherTemperature: number;
  /** Epochs of the straight line from the one to the other; a step an epoch. */
  readonly warmupTeacherTemperatureEpochs: number;
  /**
   * What keeps the teacher from saying the same of all images: their running mean is subtracted from its outputs (`mean`), or each output gets an
   * equal share of the images of a step (`sinkhorn`), which works from the first step on and with small batches.
   */
  readonly centering: 'mean' | 'sinkhorn';
  /** Share of its old value that the centre keeps in each step, in [0, 1]; with 1 it stays 0 and nothing is centred. For `mean` alone. */
  readonly centerMomentum: number;
  /** Share of its old value that the teacher keeps at the first step, in [0, 1]; it rises to 1 by half a cosine wave. */
  readonly momentum: number;
  /** Epochs at the start in which the last layer stays as it is. */
  readonly freezeLastLayer: number;
  /** Largest length of the gradient of each parameter; 0 for any. */
  readonly clipGradient: number;
};

export const defaults: DINOConfig = {
  hiddenDim: 2048, //                       §3.1, network architecture; vision_transformer.py, DINOHead
  bottleneckDim: 256, //                    vision_transformer.py, DINOHead, bottleneck_dim
  outputDim: 65536, //                      main_dino.py, out_dim; App. C: K = 65536
  layers: 3, //                             §3.1; vision_transformer.py, DINOHead, nlayers
  headNorm: false, //                       §3.1: no batch norm with a ViT; main_dino.py, use_bn_in_head
  normLastLayer: true, //                   main_dino.py, norm_last_layer (README.md: off for ViT-S)
  studentTemperature: 0.1, //               §3.2; main_dino.py, DINOLoss, student_temp
  teacherTemperature: 0.07, //              §3.2; README.md, the boosted run (main_dino.py has 0.04)
  warmupTeacherTemperature: 0.04, //        §3.2; main_dino.py, warmup_teacher_temp
  warmupTeacherTemperatureEpochs: 30, //    §3.2; README.md, the boosted run (main_dino.py has 0)
  centering: 'mean', //                     §3.1, eq. 4 (sinkhorn: DINOv2, arXiv:2304.07193 §4)
  centerMomentum: 0.9, //                   main_dino.py, DINOLoss, center_momentum
  momentum: 0.996, //                       §3.1; main_dino.py, momentum_teacher (0.9995 for batches of 256)
  freezeLastLayer: 1, //                    main_dino.py, freeze_last_layer
  clipGradient: 3, //                       main_dino.py, clip_grad; utils.py, clip_gradients
};

/** ViT on ImageNet: §3.2; main_dino.py, whose defaults have 100 epochs (the paper up to 800). */
export const imagenet: Recipe = {
  optimizer: 'adamw',
  learningRate: 0.0005,
  finalLearningRate: 1e-6,
  weightDecay: 0.04,
  finalWeightDecay: 0.4,
  warmupEpochs: 10,
  epochs: 100,
  batchSize: 1024,
};

/** ResNet-50 on ImageNet: README.md, "ResNet-50 and other convnets trainings", on 8 devices of 64 images. */
export const convnet: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.03,
  finalLearningRate: 1e-6,
  weightDecay: 1e-4,
  warmupEpochs: 10,
  epochs: 100,
  batchSize: 512,
};

/**
 * Small pictures on one machine, ResNets: cifar10_benchmark.py (0.06 for 128 images, weight decay 5e-4, 200 epochs, batch 512). The 10
 * epochs of warm-up are main_dino.py's, lightly has none. With it go `outputDim` 2048, `layers` 2, `headNorm` and `momentum` 0.99.
 */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.12,
  weightDecay: 5e-4,
  warmupEpochs: 10,
  epochs: 200,
  batchSize: 512,
};
