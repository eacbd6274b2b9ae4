import type { MethodPackage } from '@ssl/core';
import { plans } from '@ssl/core/data';
import { cifar, convnet, defaults, imagenet } from './config.ts';
import { dino } from './dino.ts';
import { dinoViews, drawingViews } from './views.ts';

/** How `ssl pretrain --method dino` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'dino',
  defaults,
  viewPlans: {
    cifar: ({ size, channels }) => dinoViews({ size, channels }),
    imagenet: ({ size, channels }) => plans.dino({ size, channels }),
    drawings: ({ size, channels }) => drawingViews({ size, channels }),
  },
  recipes: { cifar, imagenet, convnet },
  create: options => dino(options),
};
