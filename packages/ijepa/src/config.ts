import type { Recipe } from '@ssl/core';

/**
 * The one home of I-JEPA's numbers. § = arXiv:2301.08243; yaml = facebookresearch/ijepa `configs/in1k_vith14_ep300.yaml`, train.py and
 * helper.py = its `src`.
 */
export type IJEPAConfig = {
  /** Target blocks of a picture. */
  readonly targets: number;
  /** Least and largest area of a target, as a share of the picture; its number of patches is that of the middle. */
  readonly targetScale: readonly number[];
  /** Least and largest height of a target over its width. */
  readonly targetAspect: readonly number[];
  /** Least and largest area of the context, of which the targets are then taken out. */
  readonly contextScale: readonly number[];
  /** Patches of the context; 0: as many as 99 of 100 draws leave. */
  readonly contextTokens: number;
  /** Blocks may reach the last row and column; those of the official code never do. */
  readonly lastLine: boolean;
  /** Width of the predictor's tokens, a multiple of 4 and of its heads. */
  readonly predictorDim: number;
  /** Blocks of the predictor. */
  readonly predictorDepth: number;
  /** Heads of each of its blocks; 0: as many as the backbone has. */
  readonly predictorHeads: number;
  /** Share of itself that the teacher keeps in a step; rises evenly to 1 over the run. */
  readonly momentum: number;
  /** The error of a prediction: `smooth-l1` (the code) or `mse` (the paper). */
  readonly loss: 'smooth-l1' | 'mse';
};

export const defaults: IJEPAConfig = {
  targets: 4, //                    §A.1; yaml: num_pred_masks
  targetScale: [0.15, 0.2], //      §A.1; yaml: pred_mask_scale
  targetAspect: [0.75, 1.5], //     §A.1; yaml: aspect_ratio
  contextScale: [0.85, 1], //       §A.1; yaml: enc_mask_scale
  contextTokens: 0, //              here; the code: those of the smallest of a batch, of 10 at least
  lastLine: false, //               src/masks/multiblock.py, whose places end one short
  predictorDim: 384, //             §A.1; yaml: pred_emb_dim
  predictorDepth: 12, //            §A.1; yaml: pred_depth (6 for a ViT-B)
  predictorHeads: 0, //             helper.py: num_heads=encoder.num_heads
  momentum: 0.996, //               §A.1; yaml: ema
  loss: 'smooth-l1', //             train.py, loss_fn; the paper's is the mean squared error (§3)
};

/** AdamW, decay along a cosine from 0.04 to 0.4. §A.1; yaml: 0.001 with batches of 2,048, at the end 1e-6. */
const COMMON = {
  optimizer: 'adamw',
  learningRate: 1.25e-4,
  finalLearningRate: 1e-6,
  weightDecay: 0.04,
  finalWeightDecay: 0.4,
} as const;

/** Small pictures on one machine: rates and decay as below; epochs and batch are ours. */
export const cifar: Recipe = { ...COMMON, warmupEpochs: 20, epochs: 400, batchSize: 512 };

/** ImageNet: §A.1; yaml. Its warm-up begins at a fifth of the rate, here at 0. */
export const imagenet: Recipe = { ...COMMON, warmupEpochs: 40, epochs: 300, batchSize: 2048 };
