import type { MethodPackage } from '@ssl/core';
import { cifar, defaults, imagenet } from './config.ts';
import { ijepa } from './ijepa.ts';
import { ijepaViews } from './views.ts';

/** How `ssl pretrain --method ijepa` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'ijepa',
  defaults,
  backbone: ({ size }) => ({
    name: size < 96 ? 'vit_mini_patch4_32' : 'vit_small_patch16_224',
    vit: { classToken: false, positions: 'fixed' },
  }),
  viewPlans: {
    cifar: ({ size, channels }) => ijepaViews({ size, channels }),
    imagenet: ({ size, channels }) => ijepaViews({ size, channels }),
    drawings: ({ size, channels }) => ijepaViews({ size, channels }),
  },
  recipes: { cifar, imagenet },
  create: options => ijepa(options),
};
