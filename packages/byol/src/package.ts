import type { MethodPackage } from '@ssl/core';
import { byol } from './byol.ts';
import { cifar, defaults, imagenet } from './config.ts';
import { byolViews } from './views.ts';

/** How `ssl pretrain --method byol` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'byol',
  defaults,
  viewPlans: {
    cifar: ({ size, channels }) => byolViews({ size, channels, blur: false }),
    imagenet: ({ size, channels }) => byolViews({ size, channels, blur: true }),
    drawings: ({ size, channels }) => byolViews({ size, channels, blur: false, flip: false }),
  },
  recipes: { cifar, imagenet },
  create: options => byol(options),
};
