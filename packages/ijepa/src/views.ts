import { plans, type ViewPlan } from '@ssl/core/data';

export interface IJEPAViewOptions {
  /** Height and width of the view, pixels; a multiple of the patch size. Default 32. */
  readonly size?: number;
  /** Default false, as in the official code. */
  readonly flip?: boolean;
  /** Default 3. */
  readonly channels?: number;
}

/**
 * One view of each picture, cropped, with no change of colour and no flip: core's `plans.ijepa`.
 * @throws ConfigError when a size is out of range
 */
export function ijepaViews({ size = 32, flip = false, channels = 3 }: IJEPAViewOptions = {}): ViewPlan {
  return plans.ijepa({ size, flip, channels });
}
