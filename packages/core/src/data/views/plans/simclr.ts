import { gaussianBlur } from '../ops/gaussian-blur.ts';
import { type ViewPlan, views } from '../plan.ts';
import { checkOptions, type PlanOptions, parts } from './shared.ts';

export interface SimCLRPlanOptions extends PlanOptions {
  /** Strength s of the colour distortion: 1 on ImageNet (App. A; run.py --color_jitter_strength), 0.5 on CIFAR-10 (App. B.9). */
  readonly strength?: number;
  /** On for ImageNet (App. A; run.py --use_blur), off for CIFAR-10 (App. B.9). */
  readonly blur?: boolean;
}

/**
 * SimCLR: two draws of one recipe. arXiv:2002.05709 App. A, in the order of google-research/simclr `data_util.py`. That code leaves
 * pixels in 0 to 1; ImageNet's statistics are lightly's.
 * @throws ConfigError when a size or a strength is out of range.
 */
export function simclr(options: SimCLRPlanOptions = {}): ViewPlan {
  checkOptions('simclr', options, ['strength', 'blur']);
  const { size = 224, strength = 1, blur = true } = options;
  const { crop, flip, jitter, grey, output } = parts(options);
  const [shift, hue] = [0.8 * strength, 0.2 * strength]; // color_jitter, which shuffles the four changes as ours does
  return views([
    {
      count: 2,
      size,
      ops: [
        crop([0.08, 1]), // crop_and_resize
        ...flip(), // preprocess_for_train
        ...jitter({ brightness: shift, contrast: shift, saturation: shift, hue, p: 0.8 }), // random_color_jitter
        ...grey(0.2), // random_color_jitter
        // random_blur: a kernel of a tenth of the height, which gaussianBlur takes by itself; batch_random_blur: half of the time
        ...(blur ? [gaussianBlur({ sigma: [0.1, 2], p: 0.5 })] : []),
      ],
      ...output,
    },
  ]);
}
