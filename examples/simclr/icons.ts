/** SimCLR on drawings: the settings that `quickstart.ts`, `train.ts` and `probe.ts` share. */
import { type Backbone, type Method, type Recipe, resnet, type ViewPlan } from '@ssl/core';
import { randomAffine, randomResizedCrop, strokeWidth, views } from '@ssl/core/data';
import { simclr } from '@ssl/simclr';

/** Height and width of a view. The icons have 32 pixels; enlarged, the strided stem keeps their lines. */
const SIZE = 48;

/**
 * What an icon may look like under another designer's hand: framed closer, turned and sheared a little, drawn with a thinner or
 * thicker pen. No horizontal flip: arrows have a direction.
 */
export const iconViews: ViewPlan = views([
  {
    count: 2,
    size: SIZE,
    ops: [
      randomResizedCrop({ scale: [0.6, 1] }),
      randomAffine({
        degrees: [-10, 10],
        shearX: [-8, 8],
        shearY: [-8, 8],
        scale: [0.9, 1.1],
        translate: [0.05, 0.05],
        p: 0.8,
        fill: 1,
      }),
      // twice: up to two pixels thinner or thicker
      strokeWidth({ p: 0.8 }),
      strokeWidth({ p: 0.8 }),
    ],
    // White paper becomes 0, as the padding of a convolution is.
    normalize: { mean: [1], std: [0.5] },
  },
]);

/** A narrow ResNet of one block a stage: 1.3 million weights, 256 features. */
export function iconBackbone(seed: number): Backbone {
  return resnet(
    'resnet10_narrow',
    { block: 'basic', layers: [1, 1, 1, 1], channels: [32, 64, 128, 256] },
    { inChannels: 1, zeroInitLast: false, seed },
  );
}

export const recipe: Recipe = {
  optimizer: 'adamw',
  learningRate: 0.003,
  scaling: 'none',
  weightDecay: 0.05,
  warmupEpochs: 1,
  epochs: 6,
  batchSize: 192,
};

export function iconMethod(seed = 0): Method {
  return simclr({ backbone: iconBackbone(seed), views: iconViews, recipe, temperature: 0.07, hiddenDim: 512, seed });
}
