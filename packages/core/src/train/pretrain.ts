/** A run: from images to a trained backbone, kept in a folder, resumable bit for bit. */
import { describeSkipped, loadPixels, type PackedPixels } from '../data/index.ts';
import { CheckpointError } from '../errors.ts';
import { latestCheckpoint, saveCheckpoint, saveWeights } from '../io/index.ts';
import { type Json, type Method, type TrainStep, trainStep } from '../method/index.ts';
import { type Recipe, recipeOptimizer } from '../method/recipe.ts';
import { leaves } from '../tensor/tree.ts';
import { checkFinite, InterruptedError } from './failure.ts';
import { type Feed, feedOf } from './feed.ts';
import { type Monitor, monitorOf } from './monitor.ts';
import { checkData, checkedRecipe, type PretrainOptions, type ProgressEvent } from './options.ts';
import { pretrainProgress } from './progress.ts';
import { appendMetrics, openRunFolder, type RunConfig, type RunFolder, truncateMetrics } from './run-folder.ts';
import { stopSignal } from './stop-signal.ts';
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

interface Run {
  readonly method: Method;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly folder: RunFolder;
  readonly step: TrainStep;
  readonly feed: Feed;
  readonly monitor: Monitor;
  readonly report: (event: ProgressEvent) => void;
  readonly options: PretrainOptions;
}

/**
 * Trains `method` on `data`. The run folder gets `config.json`, `metrics.jsonl`, `views.png`, `checkpoints/` and, at the end,
 * `backbone.safetensors`. A run that was stopped, by Ctrl-C or by SIGKILL, goes on with `resume: true` and ends with the same
 * weights, bit for bit, as one that was not.
 *
 * Throws `ConfigError` before any work when a setting is wrong, `DataError` when no image can be read, `CheckpointError` when
 * `out` holds another run, `TrainingError` with the step and likely causes when a number is not finite, `InterruptedError`
 * after Ctrl-C.
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const { method, data, out, seed = 0, resume = false } = options;
  const recipe = checkedRecipe(options);
  checkData(options, recipe);
  const imageSize = options.imageSize ?? defaultImageSize(method);
  const folder = await openRunFolder(out, runConfig(options, recipe, imageSize), resume);
  const report = options.onProgress ?? pretrainProgress();
  const pixels = await loadPixels(data, {
    size: imageSize,
    onProgress: (done, total) => report({ phase: 'decode', done, total }),
  });
  if (pixels.skipped.length > 0)
    process.stderr.write(`${describeSkipped(pixels.skipped, data.size + (data.skipped?.length ?? 0))}\n`);
  checkData({ ...options, data: { ...data, size: pixels.count } }, recipe);
  const step = trainStep(method, {
    optimizer: recipeOptimizer(recipe),
    ...(recipe.clipNorm !== undefined && { clipNorm: recipe.clipNorm }),
  });
  const monitor = monitorOf(method, pixels);
  try {
    await saveViewSheet(folder.views, method, pixels, seed);
    return await train(
      { method, recipe, seed, folder, step, feed: feedOf(method, pixels, recipe, seed), monitor, report, options },
      pixels,
    );
  } finally {
    step.dispose();
    monitor.dispose();
  }
}

async function train(run: Run, pixels: PackedPixels): Promise<PretrainResult> {
  const { feed, folder, recipe, report, method } = run;
  const stop = stopSignal(run.options.signal);
  try {
    const start = await restore(run, pixels);
    let checkpoint = start.checkpoint;
    let metrics: Record<string, number> | undefined;
    const every = run.options.checkpointEvery ?? feed.stepsPerEpoch;
    const until = Math.min(feed.steps, run.options.stopAfter ?? feed.steps);
    const clock = rateClock(recipe.batchSize);
    for (let n = start.step; n < until; n++) {
      if (n % feed.stepsPerEpoch === 0) await beforeEpoch(run, n / feed.stepsPerEpoch);
      const before = metrics;
      metrics = await runStep(run, n);
      checkFinite({ step: n + 1, metrics, before, learningRate: feed.learningRate(n), checkpoint });
      const epochEnds = (n + 1) % feed.stepsPerEpoch === 0;
      const line = {
        step: n + 1,
        epoch: Math.floor(n / feed.stepsPerEpoch) + 1,
        learningRate: feed.learningRate(n),
        ...metrics,
      };
      await appendMetrics(folder.metrics, epochEnds ? { ...line, ...(await run.monitor.measure()) } : line);
      const rate = clock();
      report({
        phase: 'train',
        done: n + 1,
        total: feed.steps,
        epoch: line.epoch,
        epochs: recipe.epochs,
        loss: metrics.loss!,
        imagesPerSecond: rate,
      });
      const interrupted = stop.requested() || n + 1 === run.options.stopAfter;
      if ((n + 1) % every === 0 || n + 1 === feed.steps || interrupted)
        checkpoint = await save(run, pixels, n + 1, metrics);
      if (interrupted && n + 1 < feed.steps) throw interruption(run, n + 1);
    }
    await saveWeights(folder.backbone, method.backbone.members, {
      backbone: method.backbone.name,
      method: method.name,
    });
    return {
      out: folder.path,
      steps: feed.steps,
      epochs: recipe.epochs,
      metrics: metrics ?? start.metrics,
      checkpoint: checkpoint!,
      backbone: folder.backbone,
      views: folder.views,
    };
  } finally {
    stop.release();
  }
}

async function runStep({ step, feed }: Run, n: number): Promise<Record<string, number>> {
  const input = feed.at(n);
  const scalars = await step.run(input);
  const metrics = Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, value.dataSync()[0]!]));
  for (const tensor of [...leaves(input), ...leaves(scalars)]) tensor.dispose();
  return metrics;
}

async function beforeEpoch({ method, seed, monitor, feed }: Run, epoch: number): Promise<void> {
  if (!method.beforeEpoch) return;
  const features = (): Promise<Float32Array> => monitor.allFeatures();
  await method.beforeEpoch({ epoch, seed, size: feed.size, features });
}

interface Start {
  readonly step: number;
  readonly checkpoint: string | undefined;
  readonly metrics: Record<string, number>;
}

/** Loads the newest whole checkpoint, if there is one, and forgets what came after it. */
async function restore({ folder, step, feed, options }: Run, pixels: PackedPixels): Promise<Start> {
  const checkpoint = options.resume ? await latestCheckpoint(folder.checkpoints) : undefined;
  await truncateMetrics(folder.metrics, checkpoint?.step ?? 0);
  if (!checkpoint) return { step: 0, checkpoint: undefined, metrics: {} };
  const { data, metrics } = checkpoint.meta as { data: string; metrics: Record<string, number> };
  if (data !== pixels.fingerprint) {
    throw new CheckpointError(
      `pretrain: a run goes on with the same images; those in ${options.data.name} are not the ones of ${checkpoint.path}; use the original data or another folder`,
    );
  }
  await checkpoint.restore(step.state);
  return { step: Math.min(checkpoint.step, feed.steps), checkpoint: checkpoint.path, metrics };
}

async function save(
  { folder, step, options }: Run,
  pixels: PackedPixels,
  n: number,
  metrics: Record<string, number>,
): Promise<string> {
  const meta: Json = { data: pixels.fingerprint, metrics };
  return saveCheckpoint(folder.checkpoints, n, step.state, meta, { keep: options.keepCheckpoints ?? 2 });
}

function interruption({ folder, feed }: Run, n: number): InterruptedError {
  return new InterruptedError(
    `pretrain: stopped at step ${n} of ${feed.steps} and saved in ${folder.path}; go on with resume: true (ssl pretrain … --resume)`,
  );
}

/** Everything that decides the weights: what a resumed run must agree on. */
function runConfig({ method, data, seed = 0 }: PretrainOptions, recipe: Recipe, imageSize: number): RunConfig {
  return {
    spec: method.spec,
    method: method.name,
    config: method.config,
    backbone: method.backbone.name,
    channels: method.backbone.inChannels,
    views: method.views as unknown as Json,
    recipe: recipe as unknown as Json,
    data: { name: data.name, size: data.size, fingerprint: data.fingerprint },
    imageSize,
    seed,
  };
}

/** As large as the largest view; from 64 pixels a seventh larger (256 for 224), since crops show parts of the picture. */
function defaultImageSize({ views }: Method): number {
  const size = Math.max(...views.map(view => view.size));
  return size < 64 ? size : Math.round((size * 8) / 7);
}

/** Images a second over the last steps. */
function rateClock(batchSize: number): () => number {
  const times = [performance.now()];
  return () => {
    times.push(performance.now());
    if (times.length > 21) times.shift();
    return (batchSize * (times.length - 1) * 1000) / (times.at(-1)! - times[0]!);
  };
}
