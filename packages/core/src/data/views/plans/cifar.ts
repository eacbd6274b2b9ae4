/** Plans for pictures of 32 pixels. */
import type { Range } from '../check.ts';
import { solarize } from '../ops/solarize.ts';
import { type ViewPlan, type ViewSpec, views } from '../plan.ts';
import { CIFAR10_STATISTICS } from '../statistics.ts';
import { MULTI_CROP_OPTIONS, type MultiCropOptions } from './multi-crop.ts';
import { checkOptions, type PlanOptions, parts, pilBlur } from './shared.ts';
import { type SimCLRPlanOptions, simclr } from './simclr.ts';

const small = <T extends PlanOptions>(options: T): T & PlanOptions => ({
  size: 32,
  ...((options.channels ?? 3) === 3 && { normalize: CIFAR10_STATISTICS }),
  ...options,
});

/**
 * SimCLR on CIFAR-10: half the strength, no blur. arXiv:2002.05709 App. B.9; google-research/simclr `README.md`, its CIFAR-10 command.
 * Also lightly's CIFAR-10 benchmark. Statistics are CIFAR-10's.
 * @throws ConfigError when a size or a strength is out of range.
 */
export function simclrCifar(options: SimCLRPlanOptions = {}): ViewPlan {
  return simclr({ strength: 0.5, blur: false, ...small(options) });
}

/**
 * BYOL, Barlow Twins and others of two recipes on CIFAR: no blur, the second view sometimes solarized. solo-learn
 * `scripts/pretrain/cifar/augmentations/asymmetric.yaml`, where the flip comes last. Statistics are CIFAR-10's.
 * @throws ConfigError when a size is out of range.
 */
export function byolCifar(options: PlanOptions = {}): ViewPlan {
  checkOptions('byolCifar', options);
  const chosen = small(options);
  const { crop, flip, jitter, grey, output } = parts(chosen);
  const colours = jitter({ brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, p: 0.8 });
  const view = (name: string, between: ViewSpec['ops']): ViewSpec => ({
    name,
    count: 1,
    size: chosen.size ?? 32,
    ops: [crop([0.08, 1]), ...colours, ...grey(), ...between, ...flip()],
    ...output,
  });
  return views([view('first', []), view('second', [solarize({ p: 0.2, threshold: 0.5 })])]);
}

/**
 * Multi-crop on CIFAR: 2 `global` views of 32 pixels and 6 `local` ones of 18. solo-learn
 * `scripts/pretrain/cifar-multicrop/augmentations/swav.yaml`, where the flip comes last. Statistics are CIFAR-10's.
 * @throws ConfigError when a size, a count or a scale is out of range.
 */
export function swavCifar(options: MultiCropOptions = {}): ViewPlan {
  checkOptions('swavCifar', options, MULTI_CROP_OPTIONS);
  const chosen = small(options);
  const { size = 32, localCount = 6, globalScale = [0.2, 1], localScale = [0.08, 0.5] } = options;
  const { crop, flip, jitter, grey, output } = parts(chosen);
  const view = (
    name: string,
    scale: Range,
    shift: number,
    between: ViewSpec['ops'],
  ): Omit<ViewSpec, 'count' | 'size'> => ({
    name,
    ops: [
      crop(scale),
      ...jitter({ brightness: shift, contrast: shift, saturation: shift, hue: 0.2, p: 0.8 }),
      ...grey(),
      ...between,
      ...flip(),
    ],
    ...output,
  });
  const localSize = options.localSize ?? Math.round((size * 18) / 32);
  const local = view('local', localScale, 0.8, [pilBlur(0.1, localSize), solarize({ p: 0.1 })]);
  return views([
    { ...view('global', globalScale, 0.6, []), count: 1, size },
    { ...view('global', globalScale, 0.6, [solarize({ p: 0.2 })]), count: 1, size },
    ...(localCount === 0 ? [] : [{ ...local, count: localCount, size: localSize }]),
  ]);
}
