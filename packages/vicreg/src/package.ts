import type { MethodPackage } from '@ssl/core';
import { cifar, defaults, imagenet } from './config.ts';
import { vicreg } from './vicreg.ts';
import { vicregViews } from './views.ts';

/** How `ssl pretrain --method vicreg` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'vicreg',
  defaults,
  viewPlans: {
    cifar: ({ size, channels }) => vicregViews({ size, channels, blur: false }),
    imagenet: ({ size, channels }) => vicregViews({ size, channels, blur: true }),
    drawings: ({ size, channels }) => vicregViews({ size, channels, blur: false, flip: false }),
  },
  recipes: { cifar, imagenet },
  create: options => vicreg(options),
};
