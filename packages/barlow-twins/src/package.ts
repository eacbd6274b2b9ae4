import type { MethodPackage } from '@ssl/core';
import { barlowTwins } from './barlow-twins.ts';
import { cifar, defaults, imagenet } from './config.ts';
import { barlowTwinsViews } from './views.ts';

/** How `ssl pretrain --method barlow-twins` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'barlow-twins',
  defaults,
  viewPlans: {
    cifar: ({ size, channels }) => barlowTwinsViews({ size, channels, blur: false }),
    imagenet: ({ size, channels }) => barlowTwinsViews({ size, channels, blur: true }),
    drawings: ({ size, channels }) => barlowTwinsViews({ size, channels, blur: false, flip: false }),
  },
  recipes: { cifar, imagenet },
  create: options => barlowTwins(options),
};
