/** A run: from images to a trained backbone, kept in a folder, resumable bit for bit. */
import { existsSync } from 'node:fs';
import { describeSkipped, loadPixels, type PackedPixels } from '../data/index.ts';
import { CheckpointError } from '../errors.ts';
import { type Checkpoint, saveWeights } from '../io/index.ts';
import { type TrainStep, trainStep } from '../method/index.ts';
import { type Recipe, recipeOptimizer } from '../method/recipe.ts';
import { InterruptedError } from './failure.ts';
import { feedOf } from './feed.ts';
import { metaOf, type Reached, type Run, trainToEnd } from './loop.ts';
import { truncateMetrics } from './metrics-file.ts';
import { monitorOf } from './monitor.ts';
import { checkData, checkOptions, type PretrainOptions, type ProgressEvent } from './options.ts';
import { pretrainProgress } from './progress.ts';
import { defaultImageSize, type RunConfig, runConfig } from './run-config.ts';
import { findRun, type RunFolder, runFolder, writeConfig } from './run-folder.ts';
import { lockRun } from './run-lock.ts';
import { type StopSignal, stopSignal } from './stop-signal.ts';
import { saveViewSheet } from './view-sheet.ts';

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
}

/**
 * Trains `method` on `data`. The run folder gets `config.json`, `metrics.jsonl`, `views.png`, `checkpoints/` and, at the end,
 * `backbone.safetensors`. A run that was stopped, by Ctrl-C or by SIGKILL, goes on with `resume: true` and ends with the same
 * weights, bit for bit, as one that was not.
 *
 * Throws `ConfigError` before any work when a setting is wrong or `out` holds a run, `DataError` when no image can be read,
 * `CheckpointError` when `out` holds another run or cannot be written, `TrainingError` with the step and likely causes when a number is
 * not finite, `InterruptedError` after Ctrl-C.
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const recipe = checkOptions(options);
  checkData(options, recipe);
  const { method, out, onProgress } = options;
  const imageSize = options.imageSize ?? defaultImageSize(method);
  const config = runConfig(options, recipe, imageSize);
  const folder = runFolder(out);
  const shown = onProgress ? undefined : pretrainProgress();
  const stop = stopSignal(options.signal);
  try {
    const lock = await lockRun(folder);
    try {
      return await carryOut({ options, recipe, imageSize, config, folder, stop, report: onProgress ?? shown! });
    } finally {
      await lock.release();
    }
  } finally {
    shown?.finish();
    stop.release();
  }
}

async function carryOut(plan: Plan): Promise<PretrainResult> {
  const { options, recipe, folder, config } = plan;
  const found = await findRun(folder, config, options.resume ?? false);
  const step = trainStep(options.method, {
    optimizer: recipeOptimizer(recipe),
    ...(recipe.clipNorm !== undefined && { clipNorm: recipe.clipNorm }),
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
  if (!existsSync(plan.folder.backbone)) await saveBackbone(plan);
  return resultOf(plan, { ...metaOf(found), newest: found.path });
}

async function train(plan: Plan, step: TrainStep, found: Checkpoint | undefined): Promise<PretrainResult> {
  const { options, recipe, folder, config, report, stop } = plan;
  const { method, seed = 0 } = options;
  const pixels = await readPixels(plan);
  const monitor = monitorOf(method, pixels);
  try {
    const feed = feedOf(method, pixels, recipe, seed);
    const { fingerprint } = pixels;
    const run: Run = { method, recipe, seed, folder, step, feed, fingerprint, monitor, report, stop, options };
    const start = await restore(run, found);
    if (!found) await writeConfig(folder, config);
    if (!found || !existsSync(folder.views)) await saveViewSheet(folder.views, method, pixels, seed);
    const reached = await trainToEnd(run, start);
    await saveBackbone(plan);
    return resultOf(plan, { steps: reached.step, metrics: reached.metrics!, newest: reached.newest! });
  } finally {
    monitor.dispose();
  }
}

/** All images, decoded; those that cannot be are named on standard error. */
async function readPixels({ options, recipe, imageSize, report, stop }: Plan): Promise<PackedPixels> {
  const { data } = options;
  const pixels = await loadPixels(data, {
    size: imageSize,
    onProgress: (done, total) => {
      report({ phase: 'decode', done, total });
      if (stop.requested())
        throw new InterruptedError(
          'pretrain: stopped while the images were read; no step was made, so nothing is lost; start again as before',
        );
    },
  });
  if (pixels.skipped.length > 0)
    process.stderr.write(`${describeSkipped(pixels.skipped, data.size + (data.skipped?.length ?? 0))}\n`);
  checkData(options, recipe, pixels.count);
  return pixels;
}

/** Loads the checkpoint, if there is one, and forgets what came after it. Nothing is forgotten when it does not fit. */
async function restore({ folder, step, options, fingerprint }: Run, found: Checkpoint | undefined): Promise<Reached> {
  if (found) {
    if (metaOf(found).data !== fingerprint) {
      throw new CheckpointError(
        `pretrain: a run goes on with the same images; those in ${options.data.name} are not the ones of ${found.path}; ` +
          'use the original data or another folder',
      );
    }
    await found.restore(step.state);
  }
  const start = found?.step ?? 0;
  await truncateMetrics(folder.metrics, start);
  return { step: start, metrics: found && metaOf(found).metrics, newest: found?.path, proven: undefined };
}

async function saveBackbone({ folder, options: { method } }: Plan): Promise<void> {
  const labels = { backbone: method.backbone.name, method: method.name };
  await saveWeights(folder.backbone, method.backbone.members, labels);
}

function resultOf(
  { folder, recipe }: Plan,
  { steps, metrics, newest }: Pick<PretrainResult, 'steps' | 'metrics'> & { readonly newest: string },
): PretrainResult {
  const { path: out, backbone, views } = folder;
  return { out, steps, epochs: recipe.epochs, metrics, checkpoint: newest, backbone, views };
}
