/** MAE on drawings: what `train.ts`, `probe.ts` and `reproduce.ts` share. */
import { type Backbone, backbone, type Method, type Recipe, type ViewPlan } from '@ssl/core';
import { views } from '@ssl/core/data';
import { mae } from '@ssl/mae';
import { recipe as iconRecipe, iconViews } from '../simclr/icons.ts';

/** Height and width of a view, that of the icons; 8 x 8 patches of 4. */
const SIZE = 32;

/** One view of a plan's recipe at this size: what is hidden is the task, and there is no second view to agree with. */
export function oneView(plan: ViewPlan): ViewPlan {
  return views([{ ...plan[0]!, count: 1, size: SIZE }]);
}

/** 1.2 million weights, 128 features: the mean over patches, which tells more than a class token that nothing trains. */
export function vitBackbone({ seed, channels }: { readonly seed: number; readonly channels: number }): Backbone {
  return backbone('vit_mini_patch4_32', {
    ...{ init: 'xavier', pool: 'avg', inChannels: channels, seed },
  });
}

/** Small batches, for more steps in as many epochs: of 192 pictures there are 350. */
export const recipe: Recipe = { ...iconRecipe, b2: 0.95, learningRate: 0.001, batchSize: 48 };

/** A small decoder for a small network. Pixels as they are: most patches of a drawing are of one colour, and normalised all those are alike. */
export const SETTINGS = { decoderDim: 128, decoderDepth: 2, decoderHeads: 4, normalizePixels: false };

export function iconMethod(seed = 0): Method {
  return mae({ backbone: vitBackbone({ seed, channels: 1 }), views: oneView(iconViews), recipe, seed, ...SETTINGS });
}
