import { plans, type ViewPlan, withoutOps } from '@ssl/core/data';

export interface SimSiamViewOptions {
  /** Height and width of a view, pixels. Default 32. */
  readonly size?: number;
  /** On for ImageNet (§3), off for CIFAR (App. D). Default: on from 64 pixels. */
  readonly blur?: boolean;
  /** Off where left and right differ in meaning. Default true. */
  readonly flip?: boolean;
  /** 1 or 3: grey pictures keep their brightness and contrast changes only. Default 3. */
  readonly channels?: number;
}

/**
 * Two draws of MoCo v2's augmentations (arXiv:2011.10566 §3 and App. A; `main_simsiam.py`): core's `plans.mocoV2`, for small pictures
 * without its blur.
 * @throws ConfigError when the size is out of range
 */
export function simsiamViews({
  size = 32,
  blur = size >= 64,
  flip = true,
  channels = 3,
}: SimSiamViewOptions = {}): ViewPlan {
  const plan = plans.mocoV2({ size, flip, channels });
  return blur ? plan : withoutOps(plan, 'gaussianBlur');
}
