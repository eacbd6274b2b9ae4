import type { MethodPackage } from '@ssl/core';
import { cifar, defaults, imagenet, imagenetV2 } from './config.ts';
import { simclr } from './simclr.ts';
import { simclrViews } from './views.ts';

/** How `ssl pretrain --method simclr` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'simclr',
  defaults,
  viewPlans: {
    cifar: ({ size, channels }) => simclrViews({ size, channels }),
    imagenet: ({ size, channels }) => simclrViews({ size, channels, strength: 1, blur: true }),
    drawings: ({ size, channels }) => simclrViews({ size, channels, flip: false }),
  },
  recipes: { cifar, imagenet, imagenetV2 },
  create: options => simclr(options),
};
