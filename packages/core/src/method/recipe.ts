/** How a method is trained by default: plain data, so that it is stored with a run and changed from the command line. */
import { ConfigError } from '../errors.ts';
import {
  adamw,
  cosine,
  lars,
  type OptimizerFactory,
  type Schedule,
  scaleLearningRate,
  sgd,
  warmup,
} from '../optim/index.ts';

export interface Recipe {
  readonly optimizer: 'sgd' | 'lars' | 'adamw';
  /** Of SGD and LARS. Default 0.9. */
  readonly momentum?: number;
  /** For a batch of 256 images, the run's scaled to its batch; with `sqrt` for a batch of 1, with `none` as it is. */
  readonly learningRate: number;
  /** How it follows the batch size. Default `linear`. */
  readonly scaling?: 'linear' | 'sqrt' | 'none';
  readonly weightDecay: number;
  /** Linear rise at the start, in epochs; a cosine down to 0 follows. */
  readonly warmupEpochs: number;
  readonly epochs: number;
  /** Images, not views. */
  readonly batchSize: number;
  /** Largest Euclidean length of all gradients together; absent, they are not clipped. */
  readonly clipNorm?: number;
}

/** The optimizer of a recipe. */
export function recipeOptimizer({ optimizer, momentum = 0.9 }: Recipe): OptimizerFactory {
  switch (optimizer) {
    case 'sgd':
      return sgd({ momentum });
    case 'lars':
      return lars({ momentum });
    case 'adamw':
      return adamw();
    default:
      throw new ConfigError(`recipe: optimizer must be sgd, lars or adamw; got '${optimizer as string}'`);
  }
}

/** The learning rate of a recipe as a function of the step. */
export function recipeSchedule(recipe: Recipe, batchSize: number, stepsPerEpoch: number): Schedule {
  const { learningRate, scaling = 'linear', warmupEpochs } = recipe;
  const peak = scaling === 'none' ? learningRate : scaleLearningRate(learningRate, batchSize, scaling);
  const rise = Math.round(warmupEpochs * stepsPerEpoch);
  return rise === 0 ? cosine(peak) : (step, total) => warmup(Math.min(rise, total - 1), cosine(peak))(step, total);
}
