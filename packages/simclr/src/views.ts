import { plans, type ViewPlan } from '@ssl/core/data';

export interface SimCLRViewOptions {
  /** Height and width of a view, pixels. Default 32. */
  readonly size?: number;
  /** Strength s of the colour distortion: 1 on ImageNet (App. A; run.py --color_jitter_strength), 0.5 on CIFAR-10 (App. B.9). Default 0.5. */
  readonly strength?: number;
  /** Off for CIFAR-10 (App. B.9), on for ImageNet (App. A; run.py --use_blur). Default: on from 64 pixels. */
  readonly blur?: boolean;
  /** Off where left and right differ in meaning. Default true. */
  readonly flip?: boolean;
  /** 1 or 3: grey pictures keep their brightness and contrast changes only. Default 3. */
  readonly channels?: number;
}

/**
 * Two draws of the augmentations of arXiv:2002.05709 App. A, in its order: core's `plans.simclr`, with the defaults of small pictures.
 * @throws ConfigError when a size or a strength is out of range
 */
export function simclrViews({
  size = 32,
  strength = 0.5,
  blur = size >= 64,
  flip = true,
  channels = 3,
}: SimCLRViewOptions = {}): ViewPlan {
  return plans.simclr({ size, strength, blur, flip, channels });
}

/**
 * The one view of fine-tuning and distillation: a crop of 8 % or more and a flip, no colours (arXiv:2006.10029 §3.1; data_util.py,
 * preprocess_for_train): core's `plans.linearTraining`, with the defaults of small pictures.
 * @throws ConfigError when a size is out of range
 */
export function fineTuneViews({
  size = 32,
  flip = true,
  channels = 3,
}: Pick<SimCLRViewOptions, 'size' | 'flip' | 'channels'> = {}): ViewPlan {
  return plans.linearTraining({ size, flip, channels });
}
