/** The steps of a run, from the one it stands at to the last, each followed by its line of metrics and now and then by a checkpoint. */
import { type Checkpoint, saveCheckpoint } from '../io/index.ts';
import type { Method, TrainStep } from '../method/index.ts';
import type { Recipe } from '../method/recipe.ts';
import { leaves } from '../tensor/tree.ts';
import { checkMetrics, checkState, type FailureContext, InterruptedError } from './failure.ts';
import type { Feed } from './feed.ts';
import { appendMetrics, syncMetrics } from './metrics-file.ts';
import type { Monitor } from './monitor.ts';
import type { PretrainOptions, ProgressEvent } from './options.ts';
import type { PictureDrawer } from './picture-sheets.ts';
import { rateClock } from './progress.ts';
import type { RunFolder } from './run-folder.ts';
import type { StopSignal } from './stop-signal.ts';
import type { Watch } from './watch.ts';

type Metrics = Readonly<Record<string, number>>;

export interface Run {
  readonly method: Method;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly folder: RunFolder;
  readonly step: TrainStep;
  readonly feed: Feed;
  readonly images: ImagesMeta;
  readonly monitor: Monitor;
  /** Where the method has pictures. */
  readonly pictures: PictureDrawer | undefined;
  readonly report: (event: ProgressEvent) => void;
  readonly stop: StopSignal;
  readonly watch: Watch;
  readonly options: PretrainOptions;
}

/** Which images a run has. */
export type ImagesMeta = {
  /** Their fingerprint. */
  readonly data: string;
  /** Places of those that cannot be read, rising; not there where images are read anew each time, since not all are known then. */
  readonly unreadable?: readonly number[];
};

/** What a checkpoint says beside the tensors. */
export type CheckpointMeta = ImagesMeta & {
  /** Steps of the whole run. */
  readonly steps: number;
  /** Of the step that the checkpoint follows. */
  readonly metrics: Metrics;
};

export function metaOf({ meta }: Checkpoint): CheckpointMeta {
  return meta as CheckpointMeta;
}

/** How far a run has come. */
export interface Reached {
  /** Steps made. */
  readonly step: number;
  /** Of the last step; none before the first. */
  readonly metrics: Metrics | undefined;
  /** The newest checkpoint. */
  readonly newest: string | undefined;
  /** The newest checkpoint that a sound step has followed. */
  readonly proven: string | undefined;
}

/** Runs to the end. Throws `InterruptedError` when it is stopped before, after saving. */
export async function trainToEnd(run: Run, start: Reached): Promise<Reached> {
  const { feed, recipe, report, options, stop } = run;
  const every = options.checkpointEvery ?? feed.stepsPerEpoch;
  const clock = rateClock(recipe.batchSize);
  let reached = start;
  while (reached.step < feed.steps) {
    reached = await advance(run, reached);
    const { step, metrics } = reached;
    const loss = metrics!.loss!;
    const epoch = epochOf(feed, step);
    report({
      phase: 'train',
      done: step,
      total: feed.steps,
      epoch,
      epochs: recipe.epochs,
      loss,
      imagesPerSecond: clock(),
    });
    const stopping = stop.requested() || step - start.step === options.stopAfter;
    if (step % every === 0 || step === feed.steps || stopping)
      reached = { ...reached, newest: await save(run, reached) };
    if (stopping && step < feed.steps) throw interruption(run, step);
  }
  return reached;
}

/** One step and its line of metrics. */
async function advance(run: Run, from: Reached): Promise<Reached> {
  const { feed, folder } = run;
  if (from.step % feed.stepsPerEpoch === 0) await beforeEpoch(run, from.step / feed.stepsPerEpoch);
  const step = from.step + 1;
  const context = contextOf(run, step, from);
  const metrics = await runStep(run, from.step);
  checkMetrics(metrics, context);
  const learningRate = feed.learningRate(from.step);
  let line: Record<string, number> = { step, epoch: epochOf(feed, step), learningRate, ...metrics };
  if (step % feed.stepsPerEpoch === 0) {
    const measured = await run.monitor.measure();
    checkMetrics(measured, { ...context, before: metrics });
    line = { ...line, ...measured };
    await run.pictures?.afterEpoch(line.epoch!, run.recipe.epochs);
  }
  await appendMetrics(folder.metrics, line);
  run.watch.add(line);
  return { ...from, step, metrics, proven: from.newest };
}

async function runStep({ step, feed }: Run, n: number): Promise<Metrics> {
  const input = await feed.at(n);
  try {
    const running = step.run(input);
    if (n + 1 < feed.steps) feed.prepare(n + 1);
    const scalars = await running;
    const metrics = Object.entries(scalars).map(([name, value]) => [name, value.dataSync()[0]!] as const);
    for (const tensor of leaves(scalars)) tensor.dispose();
    return Object.fromEntries(metrics);
  } finally {
    for (const tensor of leaves(input)) tensor.dispose();
  }
}

async function beforeEpoch({ method, seed, monitor, feed }: Run, epoch: number): Promise<void> {
  if (!method.beforeEpoch) return;
  await method.beforeEpoch({ epoch, seed, size: feed.size, features: embed => monitor.allFeatures(embed) });
}

async function save(run: Run, reached: Reached): Promise<string> {
  const { folder, step, options, feed, images } = run;
  checkState(step.state, contextOf(run, reached.step, reached));
  await syncMetrics(folder.metrics);
  const meta: CheckpointMeta = { ...images, steps: feed.steps, metrics: reached.metrics! };
  return saveCheckpoint(folder.checkpoints, reached.step, step.state, meta, { keep: options.keepCheckpoints ?? 2 });
}

function contextOf({ feed }: Run, step: number, { metrics, newest, proven }: Reached): FailureContext {
  return { step, before: metrics, learningRate: feed.learningRate(step - 1), newest, proven };
}

/** From 1. */
function epochOf({ stepsPerEpoch }: Feed, step: number): number {
  return Math.ceil(step / stepsPerEpoch);
}

function interruption({ folder, feed }: Run, step: number): InterruptedError {
  return new InterruptedError(
    `pretrain: stopped at step ${step} of ${feed.steps} and saved in ${folder.path}; go on with resume: true (ssl pretrain … --resume)`,
  );
}
