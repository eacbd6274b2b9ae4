import { plans, type ViewPlan } from '@ssl/core/data';

export interface BYOLViewOptions {
  /** Height and width of a view, pixels. Default 32. */
  readonly size?: number;
  /** The first view always, the second seldom, as on ImageNet; off on CIFAR (solo-learn). Default: on from 64 pixels. */
  readonly blur?: boolean;
  /** Off where left and right differ in meaning. Default true. */
  readonly flip?: boolean;
  /** 1 or 3: grey pictures keep their brightness and contrast changes only. Default 3. */
  readonly channels?: number;
}

/**
 * Two views with augmentations of their own (arXiv:2006.07733 App. B, table 6; `utils/augmentations.py`): core's `plans.byol`, and
 * without blur `plans.byolCifar`.
 * @throws ConfigError when the size is out of range
 */
export function byolViews({ size = 32, blur = size >= 64, flip = true, channels = 3 }: BYOLViewOptions = {}): ViewPlan {
  return (blur ? plans.byol : plans.byolCifar)({ size, flip, channels });
}
