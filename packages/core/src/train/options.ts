import type { Dataset } from '../data/index.ts';
import { ConfigError } from '../errors.ts';
import type { Method } from '../method/index.ts';
import { configure } from '../method/index.ts';
import type { Recipe } from '../method/recipe.ts';

export interface PretrainOptions {
  readonly method: Method;
  readonly data: Dataset;
  /** Run folder; made when it is not there. */
  readonly out: string;
  /** Changes to the method's recipe: epochs, batch size, learning rate, … */
  readonly recipe?: Partial<Recipe>;
  /** Of the order of the images, the views and the draws. The backbone and head have their own. Default 0. */
  readonly seed?: number;
  /** Goes on with the run in `out` if there is one. Default false: a folder with a run in it is refused. */
  readonly resume?: boolean;
  /** Height and width at which the pictures are kept, pixels. Default: that of the largest view, a seventh more from 64 up. */
  readonly imageSize?: number;
  /** Steps between checkpoints. Default: an epoch. */
  readonly checkpointEvery?: number;
  /** Checkpoints kept. Default 2, so that a damaged one costs little. */
  readonly keepCheckpoints?: number;
  /** Stop after this many steps, as if interrupted, with a checkpoint. For tests and for time limits. */
  readonly stopAfter?: number;
  /** Called after every step and while preparing. Default: a progress bar on standard error. */
  readonly onProgress?: (event: ProgressEvent) => void;
  /** Stops after the step under way, saves, and throws `InterruptedError`. Ctrl-C does the same. */
  readonly signal?: AbortSignal;
}

export type ProgressEvent =
  | { readonly phase: 'decode'; readonly done: number; readonly total: number }
  | {
      readonly phase: 'train';
      readonly done: number;
      readonly total: number;
      readonly epoch: number;
      readonly epochs: number;
      readonly loss: number;
      readonly imagesPerSecond: number;
    };

const OPTIONS: Readonly<Record<keyof PretrainOptions, null>> = {
  method: null,
  data: null,
  out: null,
  recipe: null,
  seed: null,
  resume: null,
  imageSize: null,
  checkpointEvery: null,
  keepCheckpoints: null,
  stopAfter: null,
  onProgress: null,
  signal: null,
};

const RECIPE_DEFAULTS: Required<Omit<Recipe, 'clipNorm'>> & { clipNorm: null } = {
  optimizer: 'sgd',
  momentum: 0.9,
  learningRate: 0,
  scaling: 'linear',
  weightDecay: 0,
  warmupEpochs: 0,
  epochs: 1,
  batchSize: 1,
  clipNorm: null,
};

/** Everything checked that can be checked without touching the data. Throws `ConfigError`. */
export function checkedRecipe(options: PretrainOptions): Recipe {
  configure('pretrain', OPTIONS, { ...options });
  const { method, recipe: overrides = {} } = options;
  configure('pretrain recipe', RECIPE_DEFAULTS, overrides);
  const recipe: Recipe = { ...method.recipe, ...definedOf(overrides) };
  positiveInteger('epochs', recipe.epochs);
  positiveInteger('batchSize', recipe.batchSize);
  if (recipe.learningRate <= 0)
    throw new ConfigError(`pretrain recipe: learningRate must be above 0; got ${recipe.learningRate}`);
  if (recipe.weightDecay < 0)
    throw new ConfigError(`pretrain recipe: weightDecay must be 0 or above; got ${recipe.weightDecay}`);
  if (recipe.warmupEpochs < 0)
    throw new ConfigError(`pretrain recipe: warmupEpochs must be 0 or above; got ${recipe.warmupEpochs}`);
  for (const name of ['checkpointEvery', 'keepCheckpoints', 'stopAfter', 'imageSize'] as const) {
    const value = options[name];
    if (value !== undefined) positiveInteger(name, value);
  }
  return recipe;
}

/** Everything checked that needs the data's description only. Throws `ConfigError`. */
export function checkData({ method, data }: PretrainOptions, { batchSize }: Recipe): void {
  if (batchSize > data.size) {
    throw new ConfigError(
      `pretrain: the batch must not be larger than the data; got batchSize ${batchSize} for ${data.size} images in ${data.name}; use at most ${data.size}`,
    );
  }
  if (method.backbone.inChannels !== data.channels) {
    throw new ConfigError(
      `pretrain: the backbone must take as many channels as the images have; got ${method.backbone.inChannels} for ${data.channels} in ${data.name}; ` +
        `make it with { inChannels: ${data.channels} }`,
    );
  }
  if (method.needsLabels && !data.labels) {
    throw new ConfigError(
      `pretrain: ${method.name} learns from labels; ${data.name} has none; use labelled data or another method`,
    );
  }
}

function positiveInteger(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new ConfigError(`pretrain: ${name} must be a whole number of at least 1; got ${value}`);
}

function definedOf<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
