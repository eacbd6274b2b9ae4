import type { Recipe } from '@ssl/core';

/** The one home of the method's numbers. § = arXiv:2005.10242v10; code = ssnl/align_uniform. */
export type NewMethodConfig = {
  /** Width of the projection head's hidden layer; 0 takes the backbone's D. */
  readonly hiddenDim: number;
  /** Width P of the projections. */
  readonly projectionDim: number;
  /** t of the uniformity term, above 0. */
  readonly sharpness: number;
  /** Weight of the uniformity term, 0 or above. Without it all features may become one. */
  readonly uniformity: number;
};

export const defaults: NewMethodConfig = {
  hiddenDim: 0, //         here: as wide as the backbone
  projectionDim: 128, //   §5; code: examples/stl10/main.py --feat_dim
  sharpness: 2, //         §4.1.2; code: main.py --unif_t
  uniformity: 1, //        §5.1; code: main.py --unif_w
};

/** Small pictures: code: examples/stl10/main.py --lr 0.12 for 256 images, --epochs 200, --batch_size 768, --wd 1e-4. */
export const cifar: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.12,
  weightDecay: 1e-4,
  warmupEpochs: 10,
  epochs: 200,
  batchSize: 768,
};

/** ImageNet: §5.2 and code: examples/imagenet, which follows MoCo's 0.03 for 256 images, 200 epochs. */
export const imagenet: Recipe = {
  optimizer: 'sgd',
  learningRate: 0.03,
  weightDecay: 1e-4,
  warmupEpochs: 0,
  epochs: 200,
  batchSize: 256,
};
