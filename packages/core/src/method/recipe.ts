/** How a method is trained by default: plain data, so that it is stored with a run and changed from the command line. */
import { ConfigError } from '../errors.ts';
import {
  adamw,
  cosine,
  lars,
  type OptimizerFactory,
  type ParameterGroup,
  type Schedule,
  scaleLearningRate,
  sgd,
  warmup,
} from '../optim/index.ts';

export interface Recipe {
  readonly optimizer: 'sgd' | 'lars' | 'adamw';
  /** Of SGD and LARS. Default 0.9. */
  readonly momentum?: number;
  /** β₂ of AdamW. Default 0.999. */
  readonly b2?: number;
  /** For a batch of 256 images, the run's scaled to its batch; with `sqrt` for a batch of 1, with `none` as it is. */
  readonly learningRate: number;
  /** How it follows the batch size. Default `linear`. */
  readonly scaling?: 'linear' | 'sqrt' | 'none';
  /** Where the cosine of the learning rate ends, not scaled to the batch. Default 0. */
  readonly finalLearningRate?: number;
  readonly weightDecay: number;
  /** What the weight decay becomes by the end of the run, along a cosine (DINO, I-JEPA). Absent, it stays. */
  readonly finalWeightDecay?: number;
  /** Linear rise at the start, in epochs; a cosine down to `finalLearningRate` follows. */
  readonly warmupEpochs: number;
  readonly epochs: number;
  /** Images, not views. */
  readonly batchSize: number;
  /**
   * Images that go through the network at once; must divide `batchSize`. Absent, the whole batch. Memory falls to about that of a batch of this size;
   * the gradients stay those of the whole batch, but that batch norm sees a part at a time (gradient caching, arXiv:2101.06983).
   */
  readonly microBatchSize?: number;
  /** Largest Euclidean length of all gradients together; absent, they are not clipped. */
  readonly clipNorm?: number;
}

/** The optimizer of a recipe. @param groups other settings for some parameters, as a method may ask for */
export function recipeOptimizer(
  { optimizer, momentum = 0.9, b2 = 0.999 }: Recipe,
  groups: readonly ParameterGroup[] = [],
): OptimizerFactory {
  switch (optimizer) {
    case 'sgd':
      return sgd({ momentum, groups });
    case 'lars':
      return lars({ momentum, groups });
    case 'adamw':
      return adamw({ b2, groups });
    default:
      throw new ConfigError(`recipe: optimizer must be sgd, lars or adamw; got '${optimizer as string}'`);
  }
}

/** The largest learning rate of a run with batches of this size: the recipe's, scaled. */
export function peakLearningRate({ learningRate, scaling = 'linear' }: Recipe, batchSize: number): number {
  return scaling === 'none' ? learningRate : scaleLearningRate(learningRate, batchSize, scaling);
}

/** The learning rate of a recipe as a function of the step. */
export function recipeSchedule(recipe: Recipe, batchSize: number, stepsPerEpoch: number): Schedule {
  const { warmupEpochs, finalLearningRate = 0 } = recipe;
  const falling = cosine(peakLearningRate(recipe, batchSize), finalLearningRate);
  const rise = Math.round(warmupEpochs * stepsPerEpoch);
  return rise === 0 ? falling : (step, total) => warmup(Math.min(rise, total - 1), falling)(step, total);
}

/** The weight decay of a recipe as a function of the step. */
export function decaySchedule({ weightDecay, finalWeightDecay = weightDecay }: Recipe): Schedule {
  return cosine(weightDecay, finalWeightDecay);
}
