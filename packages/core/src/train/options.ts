import { checkSeed } from '../data/host-rng.ts';
import { checkChannels, checkReading, type Dataset, type ReadingOptions } from '../data/index.ts';
import { ConfigError } from '../errors.ts';
import {
  configure,
  type Diagnosis,
  type Method,
  type OnlineProbeSettings,
  onlineProbeSettings,
  requireDivisible,
} from '../method/index.ts';
import type { Recipe } from '../method/recipe.ts';
import { checkedRecipe, isCount } from './check-recipe.ts';

export interface PretrainOptions {
  readonly method: Method;
  readonly data: Dataset;
  /** Run folder; made when it is not there. */
  readonly out: string;
  /** Changes to the method's recipe: epochs, batch size, learning rate, … */
  readonly recipe?: Partial<Recipe>;
  /**
   * Of the order of the images, the views and the draws. Default 0. The initial weights are those that `method` has when the run begins: a
   * resumed run takes its weights from the checkpoint, whatever seed the backbone and head were made with this time.
   */
  readonly seed?: number;
  /** Goes on with the run in `out` if there is one. Default false: a folder with a run in it is refused. */
  readonly resume?: boolean;
  /** Height and width at which the pictures are kept, pixels. Default: that of the largest view, a seventh more from 64 up. */
  readonly imageSize?: number;
  /** Threads, cache, storage that fails: how the pictures are read, which changes nothing of a run but its speed. */
  readonly loading?: ReadingOptions;
  /** Steps between checkpoints. Default: an epoch. */
  readonly checkpointEvery?: number;
  /** Checkpoints kept. Default 2, so that a damaged one costs little. */
  readonly keepCheckpoints?: number;
  /** Stop when this call has made so many steps, as if interrupted, with a checkpoint. For tests and for time limits. */
  readonly stopAfter?: number;
  /** Called after every step and while preparing. Default: a progress bar on standard error. */
  readonly onProgress?: (event: ProgressEvent) => void;
  /** Called when the metrics show a failure that the method has a signature of, once for each. Default: a line on standard error. */
  readonly onDiagnosis?: (diagnosis: Diagnosis) => void;
  /**
   * Trains a linear classifier beside the method on the features of its steps, and writes `probeLoss` and `probeAccuracy` of every batch into the
   * metrics. It changes nothing of what is trained. Needs labels. Default false.
   */
  readonly probe?: boolean | Partial<OnlineProbeSettings>;
  /** Stops after the step under way, saves, and throws `InterruptedError`. Ctrl-C and SIGTERM do the same. */
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
  loading: null,
  checkpointEvery: null,
  keepCheckpoints: null,
  stopAfter: null,
  onProgress: null,
  onDiagnosis: null,
  probe: null,
  signal: null,
};

/** Everything checked that can be checked without touching the data. Throws `ConfigError`. */
export function checkOptions(options: PretrainOptions): Recipe {
  configure('pretrain', OPTIONS, { ...options });
  checkRequired(options);
  for (const name of ['checkpointEvery', 'keepCheckpoints', 'stopAfter', 'imageSize'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && !isCount(value))
      throw new ConfigError(`pretrain: ${name} must be a whole number of at least 1; got ${JSON.stringify(value)}`);
  }
  checkReading(options.loading ?? {});
  checkSeed('pretrain', options.seed ?? 0);
  probeOf(options);
  const recipe = checkedRecipe(options.method.recipe, options.recipe ?? {});
  if (recipe.microBatchSize !== undefined) requireDivisible(options.method);
  return recipe;
}

/** The settings of the probe and its classes, where there is one. Throws `ConfigError` when it cannot be. */
export function probeOf({
  probe = false,
  data,
}: Pick<PretrainOptions, 'probe' | 'data'>): (OnlineProbeSettings & { readonly classes: number }) | undefined {
  if (probe === false) return undefined;
  if (probe !== true && (typeof probe !== 'object' || probe === null))
    throw new ConfigError(`pretrain: probe must be true, false or its settings; got ${JSON.stringify(probe)}`);
  const settings = onlineProbeSettings(probe === true ? {} : probe);
  const classes = data.classes?.length ?? 1 + (data.labels?.reduce((most, label) => Math.max(most, label), -1) ?? -1);
  if (data.labels && classes > 1) return { ...settings, classes };
  throw new ConfigError(
    `pretrain: probe needs labels of at least two classes; got ${data.labels ? classes : 'none'} in ${data.name}; leave probe out, or use labelled data`,
  );
}

/** For programs without types, and for the mistakes that are made most. */
function checkRequired({ method, data, out }: Partial<PretrainOptions>): void {
  const name = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : typeof value);
  if (typeof method?.step !== 'function')
    throw new ConfigError(
      `pretrain: method must be what a method package makes; got ${name(method)}; give simclr({ backbone }), say`,
    );
  if (method.spec !== 1)
    throw new ConfigError(
      `pretrain: the method must keep spec 1 of the contract; got ${String(method.spec)}; update its package or @ssl/core`,
    );
  if (typeof data?.image !== 'function')
    throw new ConfigError(`pretrain: data must be a dataset; got ${name(data)}; open a folder with imageFolder(…)`);
  if (typeof out !== 'string' || out === '')
    throw new ConfigError(`pretrain: out must be the path of the run folder; got ${name(out)}; give a path`);
}

/**
 * Everything checked that needs the data's description only. Throws `ConfigError`.
 * @param readable images that there are, once that is known
 */
export function checkData(
  { method, data }: PretrainOptions,
  { batchSize }: Recipe,
  readable: number = data.size,
): void {
  if (batchSize > readable) {
    const left = readable < data.size ? ` that can be read, of ${data.size}` : '';
    throw new ConfigError(
      `pretrain: the batch must not be larger than the data; got batchSize ${batchSize} for ${readable} images${left} in ${data.name}; ` +
        `use at most ${readable}`,
    );
  }
  if (method.backbone.inChannels !== data.channels) {
    throw new ConfigError(
      `pretrain: the backbone must take as many channels as the images have; got ${method.backbone.inChannels} for ${data.channels} in ${data.name}; ` +
        `make it with { inChannels: ${data.channels} }`,
    );
  }
  for (const { size } of method.views) method.backbone.checkSize?.(size);
  checkChannels(method.views, data.channels);
  if (method.needsLabels && !data.labels) {
    throw new ConfigError(
      `pretrain: ${method.name} learns from labels; ${data.name} has none; use labelled data or another method`,
    );
  }
  checkClasses(method, data);
}

function checkClasses({ name, classes }: Method, data: Dataset): void {
  const largest = data.labels?.reduce((most, label) => Math.max(most, label), -1) ?? -1;
  if (classes === undefined || largest < classes) return;
  throw new ConfigError(
    `pretrain: labels must be below ${name}'s ${classes} classes; got label ${largest} in ${data.name}; make it with { classes: ${largest + 1} }`,
  );
}
