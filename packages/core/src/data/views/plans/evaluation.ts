import { centerCrop } from '../ops/center-crop.ts';
import { type ViewPlan, views } from '../plan.ts';
import { checkOptions, type PlanOptions, parts } from './shared.ts';

export interface EvaluationOptions extends Omit<PlanOptions, 'flip'> {
  /** What the shorter side is resized to, pixels; when missing, the size divided by 0.875: 256 for 224. The size itself cuts nothing off but what is not square. */
  readonly shorterSide?: number;
}

/**
 * How pictures are looked at once training is over: the shorter side resized to 256, the middle 224 cut out, nothing drawn.
 * torchvision `references/classification`, timm's `crop_pct` of 0.875, and the linear evaluations of all methods here.
 * @throws ConfigError when the shorter side is smaller than the view.
 */
export function evaluation(options: EvaluationOptions = {}): ViewPlan {
  checkOptions('evaluation', options, ['shorterSide']);
  const { size = 224, shorterSide } = options;
  const ops = [centerCrop(shorterSide === undefined ? {} : { shorterSide })];
  return views([{ count: 1, size, ops, ...parts(options).output }]);
}

/**
 * How a linear classifier is trained on frozen features: one crop and a flip. arXiv:2002.05709 App. B.6 and the linear evaluations of
 * MoCo (`main_lincls.py`), SwAV (`eval_linear.py`) and DINO (`eval_linear.py`).
 * @throws ConfigError when a size is out of range.
 */
export function linearTraining(options: PlanOptions = {}): ViewPlan {
  checkOptions('linearTraining', options);
  const { crop, flip, output } = parts(options);
  return views([{ count: 1, size: options.size ?? 224, ops: [crop([0.08, 1]), ...flip()], ...output }]);
}
