/** NNCLR on drawings: the settings that `train.ts` and `probe.ts` share. Views, backbone and recipe are those of the SimCLR example. */
import type { Method } from '@ssl/core';
import { nnclr } from '@ssl/nnclr';
import { iconBackbone, iconViews, recipe } from '../simclr/icons.ts';

/** The data set has some 10,000 drawings to learn from: the support set holds less than half. */
export function iconMethod(seed = 0): Method {
  const settings = { queueSize: 4096, layers: 2, hiddenDim: 512, predictorDim: 1024 };
  return nnclr({ backbone: iconBackbone(seed), views: iconViews, recipe, ...settings, seed });
}
