import type { Range } from '../check.ts';
import { solarize } from '../ops/solarize.ts';
import { type ViewPlan, type ViewSpec, views } from '../plan.ts';
import { checkOptions, type PlanOptions, parts, pilBlur } from './shared.ts';

export interface MultiCropOptions extends PlanOptions {
  /** Height and width of the local views, pixels; when missing, 96 for 224, and in proportion. */
  readonly localSize?: number;
  /** How many local views; 0 for none. */
  readonly localCount?: number;
  /** Area of the large views, as a share of the picture. */
  readonly globalScale?: Range;
  /** Area of the local views. */
  readonly localScale?: Range;
}

/** Names of the options that only multi-crop has. */
export const MULTI_CROP_OPTIONS: readonly string[] = ['localSize', 'localCount', 'globalScale', 'localScale'];

function localSizeOf({ size = 224, localSize }: MultiCropOptions): number {
  return localSize ?? Math.max(1, Math.round((size * 96) / 224));
}

/**
 * SwAV: 2 `global` views and 6 small `local` ones of the same recipe. arXiv:2006.09882 §3.2; facebookresearch/swav
 * `src/multicropdataset.py` and `scripts/swav_800ep_pretrain.sh`. (Its standard deviation of 0.228 for red is ImageNet's 0.229 here.)
 * DeepCluster v2 takes the same.
 * @throws ConfigError when a size, a count or a scale is out of range.
 */
export function swav(options: MultiCropOptions = {}): ViewPlan {
  checkOptions('swav', options, MULTI_CROP_OPTIONS);
  const { size = 224, localCount = 6, globalScale = [0.14, 1], localScale = [0.05, 0.14] } = options;
  const { crop, flip, jitter, grey, output } = parts(options);
  const colours = jitter({ brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2, p: 0.8 });
  const kind = (name: string, count: number, side: number, scale: Range): ViewSpec => ({
    name,
    count,
    size: side,
    ops: [crop(scale), ...flip(), ...colours, ...grey(), pilBlur(0.5, side)],
    ...output,
  });
  const local = localCount === 0 ? [] : [kind('local', localCount, localSizeOf(options), localScale)];
  return views([kind('global', 2, size, globalScale), ...local]);
}

/**
 * DINO: 2 `global` views with different recipes, the second sometimes solarized, and 8 small `local` ones. arXiv:2104.14294
 * §3.2; facebookresearch/dino `main_dino.py`, `DataAugmentationDINO` (bicubic there, bilinear here). With no local views the
 * authors advise a `globalScale` of [0.14, 1].
 * @throws ConfigError when a size, a count or a scale is out of range.
 */
export function dino(options: MultiCropOptions = {}): ViewPlan {
  checkOptions('dino', options, MULTI_CROP_OPTIONS);
  const { size = 224, localCount = 8, globalScale = [0.4, 1], localScale = [0.05, 0.4] } = options;
  const { crop, flip, jitter, grey, output } = parts(options);
  const colours = jitter({ brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, p: 0.8 });
  const recipe = (scale: Range): ViewSpec['ops'] => [crop(scale), ...flip(), ...colours, ...grey()];
  const small = localSizeOf(options);
  const local = {
    name: 'local',
    count: localCount,
    size: small,
    ops: [...recipe(localScale), pilBlur(0.5, small)],
    ...output,
  };
  return views([
    { name: 'global', count: 1, size, ops: [...recipe(globalScale), pilBlur(1, size)], ...output },
    {
      name: 'global',
      count: 1,
      size,
      ops: [...recipe(globalScale), pilBlur(0.1, size), solarize({ p: 0.2, threshold: 0.5 })],
      ...output,
    },
    ...(localCount === 0 ? [] : [local]),
  ]);
}
