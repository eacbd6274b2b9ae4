/** A run: from images to a trained backbone, kept in a folder, resumable bit for bit. */
import { existsSync } from 'node:fs';
import { describeChannelRules, describeSkipped, type Loader, openLoader, storedSize } from '../data/index.ts';
import { CheckpointError } from '../errors.ts';
import { type Checkpoint, saveWeights } from '../io/index.ts';
import { type Diagnosis, type TrainStep, trainStep } from '../method/index.ts';
import { peakLearningRate, type Recipe, recipeOptimizer } from '../method/recipe.ts';
import { InterruptedError } from './failure.ts';
import { feedOf } from './feed.ts';
import { type ImagesMeta, metaOf, type Reached, type Run, trainToEnd } from './loop.ts';
import { readMetrics, truncateMetrics } from './metrics-file.ts';
import { monitorOf } from './monitor.ts';
import { checkData, checkOptions, type PretrainOptions, type ProgressEvent, probeOf } from './options.ts';
import { pictureDrawer } from './picture-sheets.ts';
import { pretrainProgress } from './progress.ts';
import { type RunConfig, runConfig } from './run-config.ts';
import { findRun, type RunFolder, runFolder, writeConfig } from './run-folder.ts';
import { lockRun } from './run-lock.ts';
import { type StopSignal, stopSignal } from './stop-signal.ts';
import { saveViewSheet } from './view-sheet.ts';
import { describeDiagnosis, type Watch, watchOf } from './watch.ts';

export interface PretrainResult {
  readonly out: string;
  readonly steps: number;
  readonly epochs: number;
  /** Of the last step. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly checkpoint: string;
  /** The backbone's weights, with timm's names and layouts. */
  readonly backbone: string;
  /** The sheet of drawn views. */
  readonly views: string;
  /** The folder of the sheets that the method drew, where it draws any. */
  readonly pictures?: string;
  /** Failures whose signatures the run shows, with evidence, cause and the setting to change; none for a sound run. */
  readonly diagnoses: readonly Diagnosis[];
}

/** A run whose settings have been checked. */
interface Plan {
  readonly options: PretrainOptions;
  readonly recipe: Recipe;
  readonly imageSize: number;
  readonly config: RunConfig;
  readonly folder: RunFolder;
  readonly report: (event: ProgressEvent) => void;
  readonly stop: StopSignal;
  readonly watch: Watch;
}

/**
 * Trains `method` on `data`. The run folder gets `config.json`, `metrics.jsonl`, `views.png`, `checkpoints/`, `pictures/` where the method
 * has any, and at the end `backbone.safetensors`. A run that was stopped, by Ctrl-C or by SIGKILL, goes on with `resume: true` and ends with the same
 * weights, bit for bit, as one that was not.
 *
 * Throws `ConfigError` before any work when a setting is wrong or `out` holds a run, `DataError` when no image can be read,
 * `CheckpointError` when `out` holds another run or cannot be written, `TrainingError` with the step and likely causes when a number is
 * not finite, `InterruptedError` after Ctrl-C.
 */
export async function pretrain(given: PretrainOptions): Promise<PretrainResult> {
  const recipe = checkOptions(given);
  checkData(given, recipe);
  const method = given.method.forRun?.({ recipe, images: given.data.size }) ?? given.method;
  const options = { ...given, method };
  const { out, onProgress } = options;
  const imageSize = options.imageSize ?? storedSize(method.views);
  const config = runConfig(options, recipe, imageSize);
  const folder = runFolder(out);
  const shown = onProgress ? undefined : pretrainProgress();
  const stop = stopSignal(options.signal);
  try {
    const lock = await lockRun(folder);
    try {
      const watch = watchOf(method, recipe.batchSize, options.onDiagnosis ?? tellDiagnosis);
      return await carryOut({ options, recipe, imageSize, config, folder, stop, watch, report: onProgress ?? shown! });
    } finally {
      await lock.release();
    }
  } finally {
    shown?.finish();
    stop.release();
  }
}

function tellDiagnosis(diagnosis: Diagnosis): void {
  process.stderr.write(`\n${describeDiagnosis(diagnosis)}\n`);
}

async function carryOut(plan: Plan): Promise<PretrainResult> {
  const { options, recipe, folder, config } = plan;
  const found = await findRun(folder, config, options.resume ?? false);
  const { method } = options;
  const probe = probeOf(options);
  const { batchSize, microBatchSize = batchSize } = recipe;
  const groups = method.groups?.(peakLearningRate(recipe, batchSize), recipe);
  const step = trainStep(method, {
    optimizer: recipeOptimizer(recipe, groups),
    ...(recipe.clipNorm !== undefined && { clipNorm: recipe.clipNorm }),
    ...(microBatchSize !== batchSize && { microBatchSize }),
    ...(probe && { probe }),
  });
  try {
    return await (found && found.step >= metaOf(found).steps
      ? finishAgain(plan, step, found)
      : train(plan, step, found));
  } finally {
    step.dispose();
  }
}

/** A run that has come to its end, or was killed just before: nothing is read and nothing trained. */
async function finishAgain(plan: Plan, step: TrainStep, found: Checkpoint): Promise<PretrainResult> {
  await found.restore(step.state);
  await truncateMetrics(plan.folder.metrics, found.step);
  await catchUp(plan.watch, plan.folder);
  if (!existsSync(plan.folder.backbone)) await saveBackbone(plan);
  return resultOf(plan, { ...metaOf(found), newest: found.path });
}

async function train(plan: Plan, step: TrainStep, found: Checkpoint | undefined): Promise<PretrainResult> {
  const { method, data } = plan.options;
  for (const line of describeChannelRules(method.views, data.channels)) process.stderr.write(`${line}\n`);
  const loader = await openPictures(plan);
  const known = loader.bad.size;
  tellSkipped(loader, plan);
  try {
    return await trainOn(plan, step, found, loader);
  } finally {
    if (loader.bad.size > known) tellSkipped(loader, plan);
    await loader.close();
  }
}

/** Names the pictures that were left out, on standard error. */
function tellSkipped(loader: Loader, { options: { data } }: Plan): void {
  const skipped = loader.skipped();
  const total = loader.size + (data.skipped?.length ?? 0);
  if (skipped.length > 0)
    process.stderr.write(`${describeSkipped(skipped, total)}
`);
}

async function trainOn(
  plan: Plan,
  step: TrainStep,
  found: Checkpoint | undefined,
  loader: Loader,
): Promise<PretrainResult> {
  const { options, recipe, folder, config, report, stop, watch } = plan;
  const { method, seed = 0 } = options;
  const monitor = await monitorOf(method, loader);
  const feed = feedOf(method, loader, recipe, seed);
  const pictures = method.pictures && pictureDrawer(method, loader, folder.pictures, seed);
  try {
    const images = imagesOf(loader);
    const run: Run = {
      method,
      recipe,
      seed,
      folder,
      step,
      feed,
      images,
      monitor,
      pictures,
      report,
      stop,
      watch,
      options,
    };
    const start = await restore(run, found);
    if (!found) await writeConfig(folder, config);
    if (!found || !existsSync(folder.views)) await saveViewSheet(folder.views, method, loader, seed);
    const reached = await trainToEnd(run, start);
    await saveBackbone(plan);
    return resultOf(plan, { steps: reached.step, metrics: reached.metrics!, newest: reached.newest! });
  } finally {
    await feed.dispose();
    monitor.dispose();
    pictures?.dispose();
  }
}

/** Opens the pictures, decoding them now where they are kept. Ctrl-C stops that too. */
async function openPictures({ options, recipe, imageSize, report, stop }: Plan): Promise<Loader> {
  const { data, seed = 0, loading = {} } = options;
  const loader = await openLoader(data, {
    ...loading,
    size: imageSize,
    batchSize: recipe.batchSize,
    seed,
    onProgress: (done, total) => {
      report({ phase: 'decode', done, total });
      if (stop.requested())
        throw new InterruptedError(
          'pretrain: stopped while the images were read; no step was made, so nothing is lost; start again as before',
        );
    },
    onWait: () => process.stderr.write('another process reads these images into the cache: waiting for it\n'),
  });
  try {
    checkData(options, recipe, data.size - loader.bad.size);
    return loader;
  } catch (error) {
    await loader.close();
    throw error;
  }
}

/** Loads the checkpoint, if there is one, and forgets what came after it. Nothing is forgotten when it does not fit. */
async function restore({ folder, step, options, images, watch }: Run, found: Checkpoint | undefined): Promise<Reached> {
  if (found) {
    if (!sameImages(metaOf(found), images)) {
      throw new CheckpointError(
        `pretrain: a run goes on with the same images; those in ${options.data.name} are not the ones of ${found.path}; ` +
          'use the original data or another folder',
      );
    }
    await found.restore(step.state);
  }
  const start = found?.step ?? 0;
  await truncateMetrics(folder.metrics, start);
  await catchUp(watch, folder);
  return { step: start, metrics: found && metaOf(found).metrics, newest: found?.path, proven: undefined };
}

/** Shows the watch what an earlier call has measured. */
async function catchUp(watch: Watch, { path, metrics }: RunFolder): Promise<void> {
  if (!existsSync(metrics)) return;
  for (const line of await readMetrics(path)) watch.add(line);
}

function imagesOf({ keep, fingerprint: data, bad }: Loader): ImagesMeta {
  if (keep === 'none') return { data };
  return { data, unreadable: [...bad.keys()].sort((a, b) => a - b) };
}

function sameImages(stored: ImagesMeta, given: ImagesMeta): boolean {
  const [before, now] = [stored.unreadable, given.unreadable];
  return stored.data === given.data && (!before || !now || before.join() === now.join());
}

async function saveBackbone({ folder, options: { method } }: Plan): Promise<void> {
  const { backbone, result = backbone } = method;
  await saveWeights(folder.backbone, result.members, { backbone: result.name, method: method.name });
}

function resultOf(
  { folder, recipe, watch, options }: Plan,
  { steps, metrics, newest }: Pick<PretrainResult, 'steps' | 'metrics'> & { readonly newest: string },
): PretrainResult {
  const { path: out, backbone, views } = folder;
  const drawn = options.method.pictures && { pictures: folder.pictures };
  const { found: diagnoses } = watch;
  return { out, steps, epochs: recipe.epochs, metrics, checkpoint: newest, backbone, views, ...drawn, diagnoses };
}
