import type { MethodPackage } from '@ssl/core';
import { cifar, defaults, imagenet } from './config.ts';
import { mae } from './mae.ts';
import { maeViews } from './views.ts';

/** How `ssl pretrain --method mae` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'mae',
  defaults,
  backbone: ({ size }) => ({
    name: size < 96 ? 'vit_mini_patch4_32' : 'vit_small_patch16_224',
    vit: { positions: 'fixed', init: 'xavier' },
  }),
  viewPlans: {
    cifar: ({ size, channels }) => maeViews({ size, channels }),
    imagenet: ({ size, channels }) => maeViews({ size, channels }),
    drawings: ({ size, channels }) => maeViews({ size, channels, flip: false }),
  },
  recipes: { cifar, imagenet },
  create: options => mae(options),
};
