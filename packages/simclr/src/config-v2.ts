import type { Recipe } from '@ssl/core';

/**
 * The one home of the numbers of SimCLR v2's second and third stage. § = arXiv:2006.10029; code = google-research/simclr, commit 383d414;
 * README = its command "fine-tune the whole network"; colab = its colabs/distillation_self_training.ipynb.
 */
export type FineTuneConfig = {
  /** Layers of the projection head that are kept, each with its norm and ReLU: 0 is the backbone alone, as in SimCLR. */
  readonly fromLayer: number;
  /** Share of the target spread evenly over all classes, in [0, 1). */
  readonly labelSmoothing: number;
  /** The classifier starts at 0, so that the first steps do not undo what is pretrained; else normal with deviation 0.01. */
  readonly zeroInit: boolean;
};

export const fineTuneDefaults: FineTuneConfig = {
  fromLayer: 1, //          §3.1, for 1 % and 10 % of the labels (all of them: 0); README: --ft_proj_selector
  labelSmoothing: 0, //     code: objective.py, add_supervised_loss
  zeroInit: true, //        README: --zero_init_logits_layer; the deviation: model_util.py linear_layer
};

export type DistillConfig = {
  /** Above 0; divides the logits of both. Lower than 1, the teacher's answers are sharpened. */
  readonly temperature: number;
  /** Weight of the teacher's answers, in (0, 1]; that of the labels is 1 − alpha. At 1 none are needed. */
  readonly alpha: number;
};

export const distillDefaults: DistillConfig = {
  temperature: 1, //        §3.1 for a smaller student (one like the teacher: 0.1); colab: temperature
  alpha: 1, //              §2.3, eq. 2; §3.1: images without labels alone
};

/**
 * Fine-tuning on 1 % of the labels: README (rate 0.16 = 0.005·√1024), §3.1. 30 epochs on 10 % or more; `learningRate: 0.002` for a
 * network wider than ResNet-50 (§3.1).
 */
export const fineTuning: Recipe = {
  optimizer: 'lars',
  learningRate: 0.005,
  scaling: 'sqrt',
  weightDecay: 0,
  warmupEpochs: 0,
  epochs: 60,
  batchSize: 1024,
};

/** §3.1: as `imagenetV2`, for 400 epochs. */
export const distillation: Recipe = {
  optimizer: 'lars',
  learningRate: 0.1,
  scaling: 'sqrt',
  weightDecay: 1e-4,
  warmupEpochs: 20,
  epochs: 400,
  batchSize: 4096,
};
