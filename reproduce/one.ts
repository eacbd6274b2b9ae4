/** One row of the table with one seed, in a process of its own: trains (or goes on), evaluates, prints the result as JSON. */
import { parseArgs } from 'node:util';
import type { Method, Recipe } from '@ssl/core';
import { type Dataset, loadPixels, type PackedPixels } from '@ssl/core/data';
import { collapseSignals, type FeatureTable, knnAccuracy, linearProbe, pixelFeatures } from '@ssl/core/eval';
import { methodExtractor, pretrain } from '@ssl/core/train';
import { hogFeatures } from './hog.ts';
import type { RunResult } from './result.ts';
import type { ReproduceRow } from './row.ts';
import { ownOf, reproduceRows } from './rows.ts';
import { type ReproduceSet, SETS } from './sets.ts';

/** Learning rates of the linear probe, chosen among on a held-out part of train; 20 epochs are enough for frozen features of this size. */
const PROBE = { learningRates: [0.01, 0.03, 0.1, 0.3, 1], epochs: 20 };
const K = 20;

const { values } = parseArgs({
  options: {
    set: { type: 'string' },
    row: { type: 'string' },
    seed: { type: 'string' },
    out: { type: 'string' },
    epochs: { type: 'string' },
    changes: { type: 'string' },
    tune: { type: 'boolean' },
  },
});
const set = SETS.find(({ name }) => name === values.set)!;
const seed = Number(values.seed);
const { train, test } = values.tune ? await set.openForTuning!() : await set.open();
const pixels = await pixelsOf(train, test);
const started = performance.now();
const { row: name } = values;
const features = await featuresOf(name!);
const seconds = (performance.now() - started) / 1000;
const cpu = process.cpuUsage();
const result: RunResult = {
  seed,
  ...(await scores(features)),
  seconds: Math.round(seconds),
  cpuSeconds: Math.round((cpu.user + cpu.system) / 1e6),
  peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);

interface Both<T> {
  readonly train: T;
  readonly test: T;
}

async function pixelsOf(a: Dataset, b: Dataset): Promise<Both<PackedPixels>> {
  const size = set.imageSize;
  return { train: await loadPixels(a, { size }), test: await loadPixels(b, { size }) };
}

async function featuresOf(row: string): Promise<Both<FeatureTable>> {
  if (row === 'pixels') return { train: pixelFeatures(pixels.train), test: pixelFeatures(pixels.test) };
  if (row === 'hog') return { train: hogFeatures(pixels.train), test: hogFeatures(pixels.test) };
  const method = await methodOf(row);
  if (!row.startsWith('random')) await trainMethod(method);
  const extract = methodExtractor(method);
  return { train: await extract(pixels.train), test: await extract(pixels.test) };
}

async function methodOf(row: string): Promise<Method> {
  const found = rowFor(row, await reproduceRows(set));
  return found.make({
    ...ownOf(set, found, { seed, channels: train.channels }),
    recipe: recipeOf(set, found),
    seed,
    classes: train.classes!.length,
    images: train.size,
  });
}

/** A random network is looked at through the eyes of the first method that has such a one: only its views' normalisation counts. */
function rowFor(name: string, rows: readonly ReproduceRow[]): ReproduceRow {
  if (name === 'random') return rows.find(({ backbone }) => !backbone)!;
  return rows.find(row => name === `random-${row.backbone?.name}` || name === row.name)!;
}

/** The protocol's recipe with a row's changes, the command line's on top. */
function recipeOf({ recipe }: ReproduceSet, row: ReproduceRow): Recipe {
  const extra = values.changes ? (JSON.parse(values.changes) as Partial<Recipe>) : {};
  const epochs = values.epochs && { epochs: Number(values.epochs) };
  return { ...recipe, ...row.recipe, ...extra, ...epochs } as Recipe;
}

async function trainMethod(method: Method): Promise<void> {
  const run = await pretrain({
    method,
    data: train,
    imageSize: set.imageSize,
    out: values.out!,
    seed,
    resume: true,
  });
  for (const { name: what, evidence } of run.diagnoses) process.stderr.write(`${what}: ${evidence}\n`);
}

async function scores(
  features: Both<FeatureTable>,
): Promise<Omit<RunResult, 'seed' | 'seconds' | 'cpuSeconds' | 'peakMb'>> {
  const labelled = {
    train: { features: features.train, labels: pixels.train.labels! },
    test: { features: features.test, labels: pixels.test.labels! },
  };
  const probe = await linearProbe({ ...labelled, ...PROBE, classes: train.classes!.length, seed });
  return {
    oneNN: await knnAccuracy({ ...labelled, k: 1 }),
    kNN: await knnAccuracy({ ...labelled, k: K }),
    linear: probe.test!.top1,
    rankMe: (await collapseSignals(features.test)).rankMe,
    dim: features.test.dim,
  };
}
