import type { MethodPackage } from '@ssl/core';
import { cifar, defaults, imagenet } from './config.ts';
import { simsiam } from './simsiam.ts';
import { simsiamViews } from './views.ts';

/** How `ssl pretrain --method simsiam` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'simsiam',
  defaults,
  viewPlans: {
    cifar: ({ size, channels }) => simsiamViews({ size, channels, blur: false }),
    imagenet: ({ size, channels }) => simsiamViews({ size, channels, blur: true }),
    drawings: ({ size, channels }) => simsiamViews({ size, channels, blur: false, flip: false }),
  },
  recipes: { cifar, imagenet },
  create: options => simsiam(options),
};
