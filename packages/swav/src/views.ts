import { plans, type ViewPlan, withoutOps } from '@ssl/core/data';

export interface SwAVViewOptions {
  /** Height and width of the two large views, pixels. Default 32. */
  readonly size?: number;
  /** Of the small ones; at most `size`. Default: 18 for 32 and 96 for 224, in proportion. */
  readonly localSize?: number;
  /** How many small ones; 0 for none. Default 6. */
  readonly localCount?: number;
  /** Area of the large views, as a share of the picture. Default [0.2, 1], and [0.14, 1] from 64 pixels. */
  readonly globalScale?: readonly [number, number];
  /** Area of the small ones. Default [0.08, 0.5], and [0.05, 0.14] from 64 pixels. */
  readonly localScale?: readonly [number, number];
  /** solo-learn's recipe for CIFAR instead of the paper's: weaker colours, solarization, hardly any blur. Default: below 64 pixels. */
  readonly small?: boolean;
  /** Off where left and right differ in meaning. Default true. */
  readonly flip?: boolean;
  /** Default 3. */
  readonly channels?: number;
}

/**
 * Multi-crop (arXiv:2006.09882 §3.2): two large views and six small ones of the same picture. Core's `plans.swav`, and for small pictures
 * `plans.swavCifar`.
 * @throws ConfigError when a size, a count or a scale is out of range
 */
export function swavViews({
  size = 32,
  channels = 3,
  flip = true,
  small = size < 64,
  ...crops
}: SwAVViewOptions = {}): ViewPlan {
  return (small ? plans.swavCifar : plans.swav)({ size, channels, flip, ...crops });
}

/**
 * Multi-crop for drawings, icons of 32 pixels say: nothing is mirrored or solarized, which would make white paper black, and the small views, 4 of 20
 * pixels for 32, show more than on photographs, since a small part of a drawing is often empty.
 * @throws ConfigError when the size is out of range
 */
export function drawingViews({ size = 32, channels = 3 }: Pick<SwAVViewOptions, 'size' | 'channels'> = {}): ViewPlan {
  const crops = {
    localCount: 4,
    localSize: Math.round((size * 5) / 8),
    globalScale: [0.5, 1],
    localScale: [0.2, 0.6],
  } as const;
  const plan = swavViews({ size, channels, flip: false, small: true, ...crops });
  return withoutOps(plan, 'solarize');
}
