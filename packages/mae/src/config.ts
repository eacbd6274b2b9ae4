import type { Recipe } from '@ssl/core';

/** The one home of MAE's numbers. § = arXiv:2111.06377; code = facebookresearch/mae. */
export type MAEConfig = {
  /** Share of the patches that is hidden; what is left is rounded down. */
  readonly maskRatio: number;
  /** Width of the decoder's tokens, a multiple of 4 and of `decoderHeads`. */
  readonly decoderDim: number;
  /** Blocks of the decoder. */
  readonly decoderDepth: number;
  /** Heads of each of its blocks. */
  readonly decoderHeads: number;
  /** Each patch is to be guessed with its own mean and deviation taken out. */
  readonly normalizePixels: boolean;
};

export const defaults: MAEConfig = {
  maskRatio: 0.75, //        §4.1; code: main_pretrain.py --mask_ratio
  decoderDim: 512, //        §4.1, table 1b; code: models_mae.py, dec512d8b
  decoderDepth: 8, //        §4.1, table 1a; likewise
  decoderHeads: 16, //       code: likewise
  normalizePixels: true, //  §3, table 1d; code: PRETRAIN.md --norm_pix_loss
};

/** AdamW with β₂ 0.95, of §A.1, table 8. */
const COMMON = { optimizer: 'adamw', b2: 0.95, learningRate: 1.5e-4, weightDecay: 0.05 } as const;

/** Small pictures on one machine: rate and decay as below, as IcarusWizard/MAE has them on CIFAR-10 too (there 2,000 epochs with batches of 4,096). */
export const cifar: Recipe = { ...COMMON, warmupEpochs: 20, epochs: 400, batchSize: 512 };

/** ImageNet: §A.1, table 8; code: PRETRAIN.md. 800 epochs, as there. */
export const imagenet: Recipe = { ...COMMON, warmupEpochs: 40, epochs: 800, batchSize: 4096 };
