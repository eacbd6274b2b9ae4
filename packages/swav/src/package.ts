import type { MethodPackage } from '@ssl/core';
import { cifar, defaults, imagenet, imagenetLarge } from './config.ts';
import { swav } from './swav.ts';
import { drawingViews, swavViews } from './views.ts';

/** How `ssl pretrain --method swav` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'swav',
  defaults,
  viewPlans: {
    cifar: ({ size, channels }) => swavViews({ size, channels }),
    imagenet: ({ size, channels }) => swavViews({ size, channels, small: false }),
    drawings: ({ size, channels }) => drawingViews({ size, channels }),
  },
  recipes: { cifar, imagenet, imagenetLarge },
  create: options => swav(options),
};
