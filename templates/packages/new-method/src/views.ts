import { plans, type ViewPlan } from '@ssl/core/data';

export interface NewMethodViewOptions {
  /** Height and width of a view, pixels. Default 32. */
  readonly size?: number;
  /** Off where left and right differ in meaning. Default true. */
  readonly flip?: boolean;
  /** Default 3. */
  readonly channels?: number;
}

/**
 * Two draws of one recipe: core's `plans.simclr` with the weaker colours of small pictures.
 * @throws ConfigError when a size is out of range
 */
export function newMethodViews({ size = 32, flip = true, channels = 3 }: NewMethodViewOptions = {}): ViewPlan {
  return plans.simclr({ size, strength: 0.5, blur: size >= 64, flip, channels });
}
