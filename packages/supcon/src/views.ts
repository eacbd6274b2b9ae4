import { horizontalFlip, plans, randomResizedCrop, type ViewPlan, views } from '@ssl/core/data';

export interface SupConViewOptions {
  /** Height and width of a view, pixels. Default 32. */
  readonly size?: number;
  /** Views of each image, at least 1. Default 2 (§3; main_supcon.py, TwoCropTransform). */
  readonly count?: number;
  /** Share of the picture that a crop keeps. Default: from 0.2 (main_supcon.py), from 64 pixels on 0.08 (google: --crop_area_range). */
  readonly scale?: readonly [number, number];
  /** Strength of the colour distortion. Default: 0.5 (main_supcon.py; google's CIFAR-10 script), from 64 pixels on 1. */
  readonly strength?: number;
  /** Off on CIFAR-10 (main_supcon.py), on for ImageNet (google: IMAGENET_FLAGS). Default: on from 64 pixels. */
  readonly blur?: boolean;
  /** Off where left and right differ in meaning. Default true. */
  readonly flip?: boolean;
  /** 1 or 3: grey pictures keep their brightness and contrast changes only. Default 3. */
  readonly channels?: number;
}

/** Pixels from which on views are those of ImageNet. */
const LARGE = 64;

const scaleFor = (size: number): readonly [number, number] => (size >= LARGE ? [0.08, 1] : [0.2, 1]);

/**
 * Views of one recipe: core's `plans.simclr`, with the crops of main_supcon.py for small pictures.
 * @throws ConfigError when a number is out of range
 */
export function supConViews({
  size = 32,
  count = 2,
  scale = scaleFor(size),
  strength = size >= LARGE ? 1 : 0.5,
  blur = size >= LARGE,
  flip = true,
  channels = 3,
}: SupConViewOptions = {}): ViewPlan {
  const [view] = plans.simclr({ size, strength, blur, flip, channels });
  const ops = view!.ops.map(op => (op.op === 'randomResizedCrop' ? randomResizedCrop({ ...op, scale }) : op));
  return views([{ ...view!, count, ops }]);
}

export type CrossEntropyViewOptions = Pick<SupConViewOptions, 'size' | 'count' | 'scale' | 'flip' | 'channels'>;

/**
 * What the baseline is trained with in main_ce.py: one crop and a flip.
 * @throws ConfigError when a number is out of range
 */
export function crossEntropyViews({
  size = 32,
  count = 1,
  scale = scaleFor(size),
  flip = true,
  channels = 3,
}: CrossEntropyViewOptions = {}): ViewPlan {
  const [view] = plans.linearTraining({ size, channels });
  const ops = [randomResizedCrop({ scale }), ...(flip ? [horizontalFlip({ p: 0.5 })] : [])];
  return views([{ ...view!, count, ops }]);
}
