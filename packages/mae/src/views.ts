import { plans, type ViewPlan } from '@ssl/core/data';

export interface MAEViewOptions {
  /** Height and width of the view, pixels; a multiple of the patch size. Default 32. */
  readonly size?: number;
  /** Off where left and right differ in meaning. Default true. */
  readonly flip?: boolean;
  /** Default 3. */
  readonly channels?: number;
}

/**
 * One view of each picture, cropped and perhaps flipped, with no change of colour (arXiv:2111.06377 table 1e): core's `plans.mae`.
 * @throws ConfigError when a size is out of range
 */
export function maeViews({ size = 32, flip = true, channels = 3 }: MAEViewOptions = {}): ViewPlan {
  return plans.mae({ size, flip, channels });
}
