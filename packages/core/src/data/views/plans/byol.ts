import { gaussianBlur } from '../ops/gaussian-blur.ts';
import { solarize } from '../ops/solarize.ts';
import { type ViewPlan, type ViewSpec, views } from '../plan.ts';
import { checkOptions, type PlanOptions, parts } from './shared.ts';

/**
 * BYOL: two views with different recipes, `first` always blurred, `second` seldom, but sometimes solarized. arXiv:2006.07733
 * App. B, table 6; deepmind-research `byol/utils/augmentations.py`. Barlow Twins (`main.py`) and VICReg (`augmentations.py`) take
 * the same numbers.
 * @throws ConfigError when a size is out of range.
 */
export function byol(options: PlanOptions = {}): ViewPlan {
  checkOptions('byol', options);
  const { size = 224 } = options;
  const { crop, flip, jitter, grey, output } = parts(options);
  const colours = jitter({ brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, p: 0.8 });
  const shared = [crop([0.08, 1]), ...flip(), ...colours, ...grey()];
  const view = (name: string, ops: ViewSpec['ops']): ViewSpec => ({
    name,
    count: 1,
    size,
    ops: [...shared, ...ops],
    ...output,
  });
  return views([
    view('first', [gaussianBlur({ sigma: [0.1, 2], p: 1 })]),
    view('second', [gaussianBlur({ sigma: [0.1, 2], p: 0.1 }), solarize({ p: 0.2, threshold: 0.5 })]),
  ]);
}
