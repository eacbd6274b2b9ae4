import { ConfigError, type MethodPackage } from '@ssl/core';
import {
  type CrossEntropyConfig,
  cifar,
  cifarCrossEntropy,
  crossEntropyDefaults,
  defaults,
  imagenet,
  imagenetCrossEntropy,
} from './config.ts';
import { crossEntropy } from './cross-entropy.ts';
import { supcon } from './supcon.ts';
import { crossEntropyViews, supConViews } from './views.ts';

/** What is minimised: `supcon`, or the baseline. */
export type Objective = 'contrastive' | 'cross-entropy';

const OBJECTIVES: readonly string[] = ['contrastive', 'cross-entropy'] satisfies Objective[];

/** How `ssl pretrain --method supcon` builds it, or with `--objective cross-entropy --classes K` the baseline. */
export const method: MethodPackage = {
  spec: 1,
  name: 'supcon',
  defaults: { objective: 'contrastive', ...defaults, ...crossEntropyDefaults },
  viewPlans: {
    cifar: ({ size, channels }) => supConViews({ size, channels, scale: [0.2, 1], strength: 0.5, blur: false }),
    imagenet: ({ size, channels }) => supConViews({ size, channels, scale: [0.08, 1], strength: 1, blur: true }),
    drawings: ({ size, channels }) =>
      supConViews({ size, channels, scale: [0.2, 1], strength: 0.5, blur: false, flip: false }),
    crop: ({ size, channels }) => crossEntropyViews({ size, channels }),
  },
  recipes: {
    cifar,
    imagenet,
    'cifar-cross-entropy': cifarCrossEntropy,
    'imagenet-cross-entropy': imagenetCrossEntropy,
  },
  usual: ({ objective }) => (objective === 'cross-entropy' ? { views: 'crop', recipe: 'cifar-cross-entropy' } : {}),
  create({ objective = 'contrastive', ...options }) {
    if (!OBJECTIVES.includes(objective as string)) {
      throw new ConfigError(`supcon: objective must be one of ${OBJECTIVES.join(', ')}; got '${objective}'`);
    }
    // Settings of the other objective are refused: neither knows them.
    if (objective === 'contrastive') return supcon(options);
    return crossEntropy(options as typeof options & Pick<CrossEntropyConfig, 'classes'>);
  },
};
