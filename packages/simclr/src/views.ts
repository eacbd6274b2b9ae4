import {
  colorJitter,
  gaussianBlur,
  grayscale,
  horizontalFlip,
  IMAGENET_STATISTICS,
  randomResizedCrop,
  type ViewPlan,
  views,
} from '@ssl/core/data';

export interface SimCLRViewOptions {
  /** Height and width of a view, pixels. Default 32. */
  readonly size?: number;
  /** Strength s of the colour distortion: 1 on ImageNet (App. A; run.py --color_jitter_strength), 0.5 on CIFAR-10 (App. B.9). Default 0.5. */
  readonly strength?: number;
  /** Off for CIFAR-10 (App. B.9), on for ImageNet (App. A; run.py --use_blur). Default: on from 64 pixels. */
  readonly blur?: boolean;
  /** Off where left and right differ in meaning. Default true. */
  readonly flip?: boolean;
  /** 1 or 3: grey pictures keep their brightness and contrast changes only. Default 3. */
  readonly channels?: number;
}

/**
 * Two draws of the augmentations of arXiv:2002.05709 App. A, in its order; the functions named are those of data_util.py in
 * google-research/simclr.
 * @throws ConfigError when a size or a strength is out of range
 */
export function simclrViews({
  size = 32,
  strength = 0.5,
  blur = size >= 64,
  flip = true,
  channels = 3,
}: SimCLRViewOptions = {}): ViewPlan {
  const [shift, hue] = [0.8 * strength, 0.2 * strength]; // color_jitter, which shuffles the four changes as ours does
  const colour = channels === 3;
  return views([
    {
      count: 2,
      size,
      ops: [
        randomResizedCrop({ scale: [0.08, 1], ratio: [3 / 4, 4 / 3] }), // crop_and_resize
        ...(flip ? [horizontalFlip({ p: 0.5 })] : []), // preprocess_for_train
        colorJitter({ brightness: shift, contrast: shift, ...(colour && { saturation: shift, hue }), p: 0.8 }), // random_color_jitter
        ...(colour ? [grayscale({ p: 0.2 })] : []), // random_color_jitter
        // random_blur: a kernel of a tenth of the height, which gaussianBlur takes by itself; batch_random_blur: half of the time
        ...(blur ? [gaussianBlur({ sigma: [0.1, 2], p: 0.5 })] : []),
      ],
      ...(colour && { normalize: IMAGENET_STATISTICS }), // lightly's; SimCLR's code leaves pixels in 0 … 1
    },
  ]);
}
