import { plans, type ViewPlan } from '@ssl/core/data';

export interface NNCLRViewOptions {
  /** Height and width of a view, pixels. Default 32. */
  readonly size?: number;
  /** Strength of the colour distortion, as in SimCLR: 1 on ImageNet, 0.5 on CIFAR-10. Default 0.5. */
  readonly strength?: number;
  /** Default: on from 64 pixels. */
  readonly blur?: boolean;
  /** Off where left and right differ in meaning. Default true. */
  readonly flip?: boolean;
  /** Default 3. */
  readonly channels?: number;
}

/**
 * Two views of each picture, SimCLR's: core's `plans.simclr`, with the defaults of small pictures.
 * @throws ConfigError when a size or a strength is out of range
 */
export function nnclrViews({
  size = 32,
  strength = 0.5,
  blur = size >= 64,
  flip = true,
  channels = 3,
}: NNCLRViewOptions = {}): ViewPlan {
  return plans.simclr({ size, strength, blur, flip, channels });
}
