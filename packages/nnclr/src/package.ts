import type { MethodPackage } from '@ssl/core';
import { cifar, defaults, imagenet } from './config.ts';
import { nnclr } from './nnclr.ts';
import { nnclrViews } from './views.ts';

/** How `ssl pretrain --method nnclr` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'nnclr',
  defaults,
  viewPlans: {
    cifar: ({ size, channels }) => nnclrViews({ size, channels }),
    imagenet: ({ size, channels }) => nnclrViews({ size, channels, strength: 1, blur: true }),
    drawings: ({ size, channels }) => nnclrViews({ size, channels, flip: false }),
  },
  recipes: { cifar, imagenet },
  create: options => nnclr(options),
};
