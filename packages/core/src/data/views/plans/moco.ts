import { type ViewPlan, views } from '../plan.ts';
import { checkOptions, type PlanOptions, parts, pilBlur } from './shared.ts';

/**
 * MoCo v1: query and key drawn alike, the augmentation of instance discrimination (arXiv:1805.01978). facebookresearch/moco
 * `main_moco.py`, without `--aug-plus`; arXiv:1911.05722 §3.3.
 * @throws ConfigError when a size is out of range.
 */
export function mocoV1(options: PlanOptions = {}): ViewPlan {
  checkOptions('mocoV1', options);
  const { crop, flip, jitter, grey, output } = parts(options);
  const colours = jitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.4 });
  const ops = [crop([0.2, 1]), ...grey(), ...colours, ...flip()];
  return views([{ count: 2, size: options.size ?? 224, ops, ...output }]);
}

/**
 * MoCo v2: SimCLR's changes with a weaker jitter. facebookresearch/moco `main_moco.py --aug-plus`; arXiv:2003.04297. SimSiam takes
 * the same (facebookresearch/simsiam `main_simsiam.py`).
 * @throws ConfigError when a size is out of range.
 */
export function mocoV2(options: PlanOptions = {}): ViewPlan {
  checkOptions('mocoV2', options);
  const { size = 224 } = options;
  const { crop, flip, jitter, grey, output } = parts(options);
  const colours = jitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 });
  const ops = [crop([0.2, 1]), ...colours, ...grey(), pilBlur(0.5, size), ...flip()];
  return views([{ count: 2, size, ops, ...output }]);
}
