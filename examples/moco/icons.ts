/** MoCo v2 on drawings: the settings that `train.ts` and `probe.ts` share. Views, backbone and recipe are those of the SimCLR example. */
import type { Method } from '@ssl/core';
import { type MoCoOptions, moco } from '@ssl/moco';
import { iconBackbone, iconViews, recipe } from '../simclr/icons.ts';

/** The data set has some 10,000 drawings to learn from: the queue holds less than half. */
export function iconMethod(options: Partial<MoCoOptions> = {}): Method {
  const settings = { temperature: 0.1, momentum: 0.99, queueSize: 4096, hiddenDim: 512 };
  return moco({ backbone: iconBackbone(options.seed ?? 0), views: iconViews, recipe, ...settings, ...options });
}
