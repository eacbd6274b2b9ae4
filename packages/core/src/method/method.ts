/** What a method package gives to core: see docs/decisions/method-contract.md for why each part is there. */
import type { Backbone } from '../backbones/backbone.ts';
import type { VitOptions } from '../backbones/vit-options.ts';
import type { ViewPlan } from '../data/index.ts';
import type { Members } from '../nn/module.ts';
import type { ParameterGroup } from '../optim/index.ts';
import type { Tensor } from '../tensor/tf.ts';
import type { PictureInput, PictureSheets } from './pictures.ts';
import type { Recipe } from './recipe.ts';
import type { Signature } from './signature.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What one step is computed from. */
export interface Batch {
  /** One tensor a view, `[B, h, w, C]`, as the view plan prepares them. */
  readonly views: readonly Tensor[];
  /** Positions among the images that could be read, `[B]` int32: the same image has the same one in every epoch. */
  readonly indices: Tensor;
  /** `[B]` int32, where the data has labels; −1 for none. */
  readonly labels?: Tensor;
  /** What `draw` drew for these images, stacked over the batch, int32. */
  readonly drawn: Readonly<Record<string, Tensor>>;
}

/** Where the run stands, as tensors, so that one graph serves all steps. */
export interface Progress {
  /** scalar, 0 at the first step, 1 after the last */
  readonly fraction: Tensor;
  /** scalar, whole epochs finished */
  readonly epoch: Tensor;
  /** The method's own schedules at this step, scalars. */
  readonly scheduled: Readonly<Record<string, Tensor>>;
}

export interface StepResult {
  /** scalar, what is minimised */
  readonly loss: Tensor;
  /** `[N, D]` backbone features, watched for collapse. */
  readonly features?: Tensor;
  /** Scalars to log beside the loss. */
  readonly metrics?: Readonly<Record<string, Tensor>>;
}

/** Where a schedule is evaluated, on the host. */
export interface ScheduleTime {
  readonly step: number;
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

/** What a loss needs of a batch: tensors by name, each with a row an image, `[B, …]`. */
export type Encoded = Readonly<Record<string, Tensor>>;

/**
 * A step in two parts, so that a batch can be larger than the memory for its activations: `encode` is called on parts of the batch, `loss`
 * once on all their rows (gradient caching, arXiv:2101.06983). It also lets a test hold the loss to `acrossRanks`.
 */
export interface StepParts {
  /** In the graph: from images to rows. What it returns without a gradient (a teacher's rows) stays without. */
  encode(batch: Batch, progress: Progress): Encoded;
  /** In the graph: from the rows of the whole batch to the loss. `batch.views` is empty here. Carried state that follows from the batch changes here. */
  loss(encoded: Encoded, batch: Batch, progress: Progress): StepResult;
}

/**
 * How a loss behaves when the batch is spread over ranks: `mean`, it is the mean over images, so gradients are averaged;
 * `gathers-negatives`, it needs every rank's projections; `sums-statistics`, it needs sums over the whole batch. Whichever it is, what
 * `loss` carries on (a queue, a centre) follows from the rows of all ranks, and so is the same on each.
 */
export type AcrossRanks = 'mean' | 'gathers-negatives' | 'sums-statistics';

export interface Method {
  /** The version of this contract. */
  readonly spec: 1;
  readonly name: string;
  readonly backbone: Backbone;
  /** What a run leaves as `backbone.safetensors`, where it is not `backbone`: a teacher, say. `embed` is then of it. */
  readonly result?: Backbone;
  /** Every setting that was resolved, for the run's `config.json` and for refusing to resume another run. */
  readonly config: { readonly [key: string]: Json };
  /** The default optimizer and schedule. */
  readonly recipe: Recipe;
  readonly views: ViewPlan;
  readonly acrossRanks: AcrossRanks;
  /** Trained by gradient. */
  readonly trained: Members;
  /** Kept from step to step without a gradient: teacher, queue, centre, bank. */
  readonly carried?: Members;
  /** Needs labels: training without them is refused before it starts. */
  readonly needsLabels?: boolean;
  /** Labels that it tells apart, 0 to `classes` − 1: training on data with others is refused before it starts. */
  readonly classes?: number;
  /** Values that change over the run, by name; `step` reads them from `progress.scheduled`. */
  readonly schedules?: Readonly<Record<string, (time: ScheduleTime) => number>>;
  /**
   * Other settings for some trained parameters, by their names (`head.0.weight`). @param peak the run's largest learning rate: a rate that is
   * not to follow the schedule is set from it. @param recipe the run's, with its changes: what LARS needs may not suit SGD
   */
  groups?(peak: number, recipe: Recipe): readonly ParameterGroup[];
  /** How a run that fails looks, for training to name the cause. */
  readonly signatures?: readonly Signature[];
  /** Whole numbers drawn on the host for one image (masks, permutations); always of the same shape. */
  draw?(image: {
    readonly seed: number;
    readonly epoch: number;
    readonly index: number;
  }): Readonly<Record<string, Int32Array>>;
  /** Work between epochs, outside the graph (clustering): may read features of the whole data set and write carried state. */
  beforeEpoch?(work: EpochWork): Promise<void>;
  /**
   * Takes its place in a run, once the run's recipe and data are known: itself, or one with state for so many images (a memory by image). Throws
   * `ConfigError`, before anything is read, where the two do not go together (more prototypes than images that are assigned to them, say).
   */
  forRun?(run: RunFacts): Method;
  /** In the graph, before the loss (normalising prototypes). */
  beforeStep?(progress: Progress): void;
  /** In the graph: the loss of a batch. Changes nothing but the statistics of its norms and carried state that follows from the batch. */
  step(batch: Batch, progress: Progress): StepResult;
  /** The same in two parts, where it has them: write them and get `step` from `inParts`. */
  readonly parts?: StepParts;
  /** In the graph, between the gradients and the update, by the trained variables' names (freezing a layer at first). */
  adjustGradients?(gradients: Readonly<Record<string, Tensor>>, progress: Progress): Record<string, Tensor>;
  /** In the graph, after the update (teacher, queue, centre). */
  afterStep?(progress: Progress): void;
  /** `[B, H, W, C]` prepared images → `[B, D]` features, without the head. */
  embed(images: Tensor): Tensor;
  /** `[B, H, W, C]` prepared images → `[B, P]` projections, with the head. */
  project?(images: Tensor): Tensor;
  /** In the graph, in evaluation mode, now and then at the end of an epoch: sheets of pictures, kept with the run. Depends on nothing random but `drawn`. */
  pictures?(input: PictureInput): PictureSheets;
}

/** `step` from its two parts. */
export function inParts(parts: StepParts): Pick<Method, 'step' | 'parts'> {
  return { parts, step: (batch, progress) => parts.loss(parts.encode(batch, progress), batch, progress) };
}

/** What is known of a run before it begins. */
export interface RunFacts {
  /** The run's, with its changes. */
  readonly recipe: Recipe;
  /** Images in the data set. */
  readonly images: number;
}

/** What `beforeEpoch` may use. */
export interface EpochWork {
  readonly epoch: number;
  readonly seed: number;
  /** Images in the data set. */
  readonly size: number;
  /** Features of every image in order, `[size, D]`, without augmentation. @param embed default: the method's */
  features(embed?: (images: Tensor) => Tensor): Promise<Float32Array>;
}

/** What a method package exports as `method`, so that `ssl pretrain` can find and build it. */
export interface MethodPackage {
  readonly spec: 1;
  readonly name: string;
  /** The settings and their defaults; the type of each default is the type of its option. */
  readonly defaults: { readonly [key: string]: Json };
  /** The network that the command line takes for views of a size when none is named (a ResNet-18 without this), and what it tells any vision transformer. */
  readonly backbone?: (options: { readonly size: number }) => { readonly name: string; readonly vit: VitOptions };
  /** Ready view plans by name; the first is the default. Sizes in pixels. */
  readonly viewPlans: Readonly<Record<string, (options: { size: number; channels: number }) => ViewPlan>>;
  /** Ready recipes by name; the first is the default. */
  readonly recipes: Readonly<Record<string, Recipe>>;
  /** Names of the view plan and the recipe that go with some settings, where they are not the first: the versions of a method, say. */
  usual?(settings: Readonly<Record<string, unknown>>): { readonly views?: string; readonly recipe?: string };
  create(options: {
    backbone: Backbone;
    views?: ViewPlan;
    recipe?: Recipe;
    seed?: number;
    [setting: string]: unknown;
  }): Method;
}
