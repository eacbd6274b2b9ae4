/** Plans of methods that hide parts of one view. The masks are drawn on the host: `masks/`. */
import { type ViewPlan, views } from '../plan.ts';
import { INCEPTION_STATISTICS } from '../statistics.ts';
import { checkOptions, type PlanOptions, parts } from './shared.ts';

/**
 * MAE: one crop and a flip. arXiv:2111.06377 App. A.1, table 8; facebookresearch/mae `main_pretrain.py` (bicubic there, bilinear here).
 * @throws ConfigError when a size is out of range.
 */
export function mae(options: PlanOptions = {}): ViewPlan {
  checkOptions('mae', options);
  const { crop, flip, output } = parts(options);
  return views([{ count: 1, size: options.size ?? 224, ops: [crop([0.2, 1]), ...flip()], ...output }]);
}

/**
 * I-JEPA: one crop, no flip, no colours. arXiv:2301.08243 App. A; facebookresearch/ijepa `configs/in1k_vith14_ep300.yaml`.
 * @throws ConfigError when a size is out of range.
 */
export function ijepa(options: PlanOptions = {}): ViewPlan {
  checkOptions('ijepa', options);
  const { crop, flip, output } = parts({ flip: false, ...options });
  return views([{ count: 1, size: options.size ?? 224, ops: [crop([0.3, 1]), ...flip()], ...output }]);
}

/**
 * BEiT: one crop, a flip and a mild jitter; values of -1 to 1. arXiv:2106.08254; microsoft/unilm `beit/datasets.py`, where
 * colours change before the crop and the crop is bicubic. Its tokenizer's own view is the caller's.
 * @throws ConfigError when a size is out of range.
 */
export function beit(options: PlanOptions = {}): ViewPlan {
  checkOptions('beit', options);
  const { channels = 3 } = options;
  const { crop, flip, jitter, output } = parts({
    ...(channels === 3 && { normalize: INCEPTION_STATISTICS }),
    ...options,
  });
  const colours = jitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4 });
  const ops = [crop([0.08, 1]), ...flip(), ...colours];
  return views([{ count: 1, size: options.size ?? 224, ops, ...output }]);
}
