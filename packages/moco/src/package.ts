import type { MethodPackage } from '@ssl/core';
import { cifar, cifarV3, defaults, imagenet, imagenetV3 } from './config.ts';
import { moco } from './moco.ts';
import { mocoViews } from './views.ts';

/** How `ssl pretrain --method moco` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'moco',
  defaults,
  viewPlans: {
    cifar: ({ size, channels }) => mocoViews({ size, channels }),
    imagenet: ({ size, channels }) => mocoViews({ size, channels, blur: true, minScale: 0.2 }),
    drawings: ({ size, channels }) => mocoViews({ size, channels, flip: false }),
    cifarV1: ({ size, channels }) => mocoViews({ version: 1, size, channels }),
    imagenetV1: ({ size, channels }) => mocoViews({ version: 1, size, channels, minScale: 0.2 }),
    cifarV3: ({ size, channels }) => mocoViews({ version: 3, size, channels }),
    imagenetV3: ({ size, channels }) => mocoViews({ version: 3, size, channels, blur: true, minScale: 0.2 }),
  },
  recipes: { cifar, imagenet, cifarV3, imagenetV3 },
  usual({ version }) {
    if (version === 3) return { views: 'cifarV3', recipe: 'cifarV3' };
    return version === 1 ? { views: 'cifarV1' } : {};
  },
  create: options => moco(options),
};
