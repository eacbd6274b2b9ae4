import { plans, type ViewPlan, withoutOps } from '@ssl/core/data';

export interface DINOViewOptions {
  /** Height and width of the two large views, pixels. Default 32. */
  readonly size?: number;
  /** Of the small ones; at most `size`. Default: 96 for 224, in proportion; below 64 pixels half of `size`, so that patches of 4 fit. */
  readonly localSize?: number;
  /** How many small ones; 0 for none. Default 8; below 64 pixels 6. */
  readonly localCount?: number;
  /** Area of the large views, as a share of the picture. Default [0.4, 1]; below 64 pixels [0.2, 1]. */
  readonly globalScale?: readonly [number, number];
  /** Area of the small ones. Default [0.05, 0.4]; below 64 pixels [0.08, 0.5]. */
  readonly localScale?: readonly [number, number];
  /** Default: on from 64 pixels. */
  readonly blur?: boolean;
  /** The second large view sometimes. Default true. */
  readonly solarize?: boolean;
  /** Off where left and right differ in meaning. Default true. */
  readonly flip?: boolean;
  /** Default 3. */
  readonly channels?: number;
}

/** Counts and areas of small pictures: solo-learn `scripts/pretrain/cifar-multicrop/augmentations/swav.yaml`. */
const SMALL = { localCount: 6, globalScale: [0.2, 1], localScale: [0.08, 0.5] } as const;

/**
 * Multi-crop (arXiv:2104.14294 §3.1; main_dino.py, `DataAugmentationDINO`): two large views of different recipes and small ones of the same
 * picture. Core's `plans.dino`; small pictures are not blurred.
 * @throws ConfigError when a size, a count or a scale is out of range
 */
export function dinoViews(options: DINOViewOptions = {}): ViewPlan {
  const { size = 32, channels = 3, flip = true, blur = size >= 64, solarize = true, ...given } = options;
  const small = size < 64 && { ...SMALL, localSize: Math.max(1, Math.round(size / 2)) };
  const plan = plans.dino({ size, channels, flip, ...small, ...given });
  return withoutOps(plan, ...(blur ? [] : ['gaussianBlur']), ...(solarize ? [] : ['solarize']));
}

/**
 * Multi-crop for drawings, icons of 32 pixels say: nothing is mirrored or solarized, which would make white paper black, and the small views, 4
 * of 20 pixels for 32, show more than on photographs, since a small part of a drawing is often empty.
 * @throws ConfigError when the size is out of range
 */
export function drawingViews({ size = 32, channels = 3 }: Pick<DINOViewOptions, 'size' | 'channels'> = {}): ViewPlan {
  const crops = {
    localCount: 4,
    localSize: Math.round((size * 5) / 8),
    globalScale: [0.5, 1],
    localScale: [0.2, 0.6],
  } as const;
  return dinoViews({ size, channels, flip: false, blur: false, solarize: false, ...crops });
}
