/** What ready plans have in common: their options, and the ops that stand in nearly all of them. */
import { checkKeys, type Range } from '../check.ts';
import { type ColorJitterSettings, colorJitter } from '../ops/color-jitter.ts';
import { gaussianBlur } from '../ops/gaussian-blur.ts';
import { grayscale } from '../ops/grayscale.ts';
import { horizontalFlip } from '../ops/horizontal-flip.ts';
import { randomResizedCrop } from '../ops/random-resized-crop.ts';
import type { ViewSpec } from '../plan.ts';
import type { ViewOp } from '../registry.ts';
import { type ChannelStatistics, IMAGENET_STATISTICS } from '../statistics.ts';

/** What every ready plan takes. */
export interface PlanOptions {
  /** Height and width of the (large) views, pixels. */
  readonly size?: number;
  /** Channels of the pictures, 3 when missing. Any other number goes without saturation, hue and grayscale, and without ImageNet's statistics. */
  readonly channels?: number;
  /** `false` where left and right differ in meaning. True when missing, save where the method has no flip. */
  readonly flip?: boolean;
  /** Statistics, or `false` for values of 0 to 1. ImageNet's when missing, as in the sources. */
  readonly normalize?: ChannelStatistics | false;
}

const COMMON = ['size', 'channels', 'flip', 'normalize'];

/** @throws ConfigError when an option is not one of the plan's. */
export function checkOptions(who: string, options: object, own: readonly string[] = []): void {
  checkKeys(`plans.${who}`, options, [...COMMON, ...own]);
}

/** Ops by the options that concern them: an op that does not apply is an empty list. */
export interface Parts {
  /** Inception's crop; torchvision's proportions, which all sources have. */
  crop(scale: Range): ViewOp;
  flip(): ViewOp[];
  jitter(settings: ColorJitterSettings): ViewOp[];
  grey(p?: number): ViewOp[];
  /** The last part of a `ViewSpec`. */
  readonly output: Pick<ViewSpec, 'normalize'>;
}

export function parts({ channels = 3, flip = true, normalize }: PlanOptions): Parts {
  const colour = channels === 3;
  const statistics = normalize ?? (colour && IMAGENET_STATISTICS);
  return {
    crop: scale => randomResizedCrop({ scale, ratio: [3 / 4, 4 / 3] }),
    flip: () => (flip ? [horizontalFlip({ p: 0.5 })] : []),
    jitter({ saturation, hue, ...grey }) {
      const hues = { ...(saturation !== undefined && { saturation }), ...(hue !== undefined && { hue }) };
      return [colorJitter({ ...grey, ...(colour && hues) })];
    },
    grey: (p = 0.2) => (colour ? [grayscale({ p })] : []),
    output: statistics ? { normalize: statistics } : {},
  };
}

/**
 * The blur of sources that call PIL's `ImageFilter.GaussianBlur`, whose filter has no fixed length: 13 taps are three deviations to
 * either side at the largest sigma of 2.
 */
export function pilBlur(p: number, size: number): ViewOp {
  return gaussianBlur({ sigma: [0.1, 2], p, kernelSize: Math.max(1, Math.min(13, 2 * size - 1)) });
}
