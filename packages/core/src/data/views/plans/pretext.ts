/** Plans of methods that turn views, or cut them into patches. */

import { photometric } from '../ops/photometric.ts';
import { resize } from '../ops/resize.ts';
import { type ViewPlan, views } from '../plan.ts';
import type { ViewOp } from '../registry.ts';
import { checkOptions, type PlanOptions, parts } from './shared.ts';

export interface PatchPlanOptions extends PlanOptions {
  /** Height and width of the picture that is cut into patches, pixels. */
  readonly jigsawSize?: number;
}

/** PIRL's changes of colour, for the image and for each patch. */
function colours(options: PlanOptions): ViewOp[] {
  const { jitter, grey, flip } = parts(options);
  const jitters = jitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.2 });
  return [...jitters, photometric({ p: 0.66 }), ...grey(), ...flip()];
}

/**
 * PIRL: an `image`, and a `jigsaw` of 255 pixels to be cut by `jigsawPatches` into 9 patches, each of which then goes through
 * `pirlPatches`. arXiv:1912.01991 §3; facebookresearch/vissl `configs/config/pretrain/pirl/pirl_jigsaw_4node_resnet50.yaml`.
 * @throws ConfigError when a size is out of range.
 */
export function pirl(options: PatchPlanOptions = {}): ViewPlan {
  checkOptions('pirl', options, ['jigsawSize']);
  const { size = 224, jigsawSize = Math.max(3, Math.round((size * 255) / 224)) } = options;
  const { crop, output } = parts(options);
  return views([
    { name: 'image', count: 1, size, ops: [crop([0.08, 1]), ...colours(options)], ...output },
    { name: 'jigsaw', count: 1, size: jigsawSize, ops: [crop([0.6, 1])] },
  ]);
}

/**
 * What happens to each of PIRL's patches by itself: the colours and the flip of the image. `size` is that of a patch; draw it from
 * `jigsawPatches(…)` times 255. Same source.
 * @throws ConfigError when a size is out of range.
 */
export function pirlPatches(options: PlanOptions = {}): ViewPlan {
  checkOptions('pirlPatches', options);
  const ops = [resize(), ...colours(options)];
  return views([{ name: 'patch', count: 1, size: options.size ?? 64, ops, ...parts(options).output }]);
}

/**
 * Jigsaw: a view of 255 pixels for `jigsawPatches`, two thirds of them grey, so that colour fringes give no places away.
 * arXiv:1603.09246 §4.2; facebookresearch/vissl `configs/config/pretrain/jigsaw/jigsaw_8gpu_resnet.yaml`. (There the view is a square of
 * nearly the whole shorter side, at random along the longer one; here it is PIRL's crop. Normalise patches with `normalizePatches`.)
 * @throws ConfigError when a size is out of range.
 */
export function jigsaw(options: PlanOptions = {}): ViewPlan {
  checkOptions('jigsaw', options);
  const { crop, flip, grey, output } = parts({ normalize: false, ...options });
  return views([{ count: 1, size: options.size ?? 255, ops: [crop([0.6, 1]), ...flip(), ...grey(0.66)], ...output }]);
}

/**
 * RotNet: one view for `fourRotations`. arXiv:1803.07728; facebookresearch/vissl `configs/config/pretrain/rotnet/rotnet_8gpu_resnet.yaml`
 * (which turns before it crops and flips; the flip must come first here, or it would change the label).
 * @throws ConfigError when a size is out of range.
 */
export function rotnet(options: PlanOptions = {}): ViewPlan {
  checkOptions('rotnet', options);
  const { crop, flip, output } = parts(options);
  return views([{ count: 1, size: options.size ?? 224, ops: [crop([0.08, 1]), ...flip()], ...output }]);
}
