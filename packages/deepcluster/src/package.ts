import type { MethodPackage } from '@ssl/core';
import { cifar, defaults, imagenet } from './config.ts';
import { deepcluster } from './deepcluster.ts';
import { deepClusterViews, drawingViews } from './views.ts';

const { clusters, ...rest } = defaults;

/** How `ssl pretrain --method deepcluster` builds it. */
export const method: MethodPackage = {
  spec: 1,
  name: 'deepcluster',
  defaults: { ...rest, clusters: [...clusters] },
  viewPlans: {
    cifar: ({ size, channels }) => deepClusterViews({ size, channels }),
    imagenet: ({ size, channels }) => deepClusterViews({ size, channels, small: false }),
    drawings: ({ size, channels }) => drawingViews({ size, channels }),
  },
  recipes: { cifar, imagenet },
  create: options => deepcluster(options),
};
