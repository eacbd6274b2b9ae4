import type { MethodPackage } from '@ssl/core';
import { cifar, defaults, imagenet } from './config.ts';
import { newMethod } from './new-method.ts';
import { newMethodViews } from './views.ts';

/** How `ssl pretrain --method new-method` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'new-method',
  defaults,
  viewPlans: {
    cifar: ({ size, channels }) => newMethodViews({ size, channels }),
    drawings: ({ size, channels }) => newMethodViews({ size, channels, flip: false }),
  },
  recipes: { cifar, imagenet },
  create: options => newMethod(options),
};
