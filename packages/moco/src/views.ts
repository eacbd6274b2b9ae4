import { ConfigError } from '@ssl/core';
import { plans, type ViewPlan, views } from '@ssl/core/data';

export interface MoCoViewOptions {
  /** 1, 2 or 3. Default 2. */
  readonly version?: number;
  /** Height and width of a view, pixels. Default 32. */
  readonly size?: number;
  /**
   * Least share of the picture that a view shows. Default 0.2 (v1, v2: `main_moco.py`; v3: `--crop-min=.2` for ResNet-50), and 0.08 below
   * 64 pixels, as in the CIFAR-10 demo.
   */
  readonly minScale?: number;
  /** Version 1 has none. Default: on from 64 pixels; the CIFAR-10 demo has none. */
  readonly blur?: boolean;
  /** Off where left and right differ in meaning. Default true. */
  readonly flip?: boolean;
  /** Default 3. */
  readonly channels?: number;
}

/**
 * Two views of each picture: core's `plans.mocoV1`, `plans.mocoV2`, and for version 3 `plans.byol` with its larger crops (moco-v3,
 * `main_moco.py`: augmentation1 and augmentation2).
 * @throws ConfigError when a version or a size is out of range
 */
export function mocoViews({
  version = 2,
  size = 32,
  minScale = size >= 64 ? 0.2 : 0.08,
  blur = size >= 64,
  flip = true,
  channels = 3,
}: MoCoViewOptions = {}): ViewPlan {
  const plan = { 1: plans.mocoV1, 2: plans.mocoV2, 3: plans.byol }[version];
  if (!plan) throw new ConfigError(`mocoViews: version must be 1, 2 or 3; got ${version}`);
  return views(
    plan({ size, flip, channels }).map(view => ({
      ...view,
      ops: view.ops
        .filter(({ op }) => blur || op !== 'gaussianBlur')
        .map(op => (op.op === 'randomResizedCrop' ? { ...op, scale: [minScale, 1] as const } : op)),
    })),
  );
}
