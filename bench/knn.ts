/**
 * Weighted k-nearest neighbours against scikit-learn and FAISS (`bench/torch/knn.py`), each in a fresh process, by turns.
 *
 *     node bench/knn.ts --train 50000 --test 10000 --dim 512 --k 20 --runs 5
 *
 * Ours is timed cold, graphs included, and brings the features to length 1 itself; the others get them so. `SSL_PYTHON` names
 * the Python that has `bench/torch`'s requirements (default `python3`).
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { knnClassify } from '../packages/core/src/eval/index.ts';
import { normal, rngFromSeed } from '../packages/core/src/tensor/rng.ts';
import { tf } from '../packages/core/src/tensor/tf.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const DEFAULTS = {
  train: 50_000,
  test: 10_000,
  dim: 512,
  k: 20,
  classes: 100,
  threads: availableParallelism(),
  runs: 5,
};
type Sizes = typeof DEFAULTS;

interface Run {
  readonly seconds: Readonly<Record<string, number>>;
  readonly peak_mb: number;
}

const run = promisify(execFile);

/** The twin's task: classes are guessed from 20 neighbours that vote with exp(cosine / .07). */
async function once({ train, test, dim, k, classes }: Sizes): Promise<Run> {
  const labels = Int32Array.from({ length: train }, (_, row) => row % classes);
  const [gallery, queries] = [table(1, train, dim), table(2, test, dim)];
  const start = performance.now();
  await knnClassify({ train: { features: gallery, labels }, test: queries, k, classes });
  const seconds = { ours: (performance.now() - start) / 1000 };
  return { seconds, peak_mb: process.resourceUsage().maxRSS / 1024 };
}

function table(seed: number, rows: number, dim: number): { features: Float32Array; dim: number } {
  const drawn = tf.tidy(() => normal(rngFromSeed(seed), [rows, dim]));
  const features = drawn.dataSync<'float32'>();
  drawn.dispose();
  return { features, dim };
}

/** The last line that a process prints, as JSON. */
async function lastLine(command: string, args: readonly string[], sizes: Sizes): Promise<Run> {
  const { runs: _, ...shared } = sizes;
  const flags = Object.entries(shared).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const env = { ...process.env, SSL_THREADS: String(sizes.threads) };
  const { stdout } = await run(command, [...args, ...flags], { env });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Run;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

async function compare(sizes: Sizes): Promise<object> {
  const runs: { readonly ours: Run; readonly theirs: Run }[] = [];
  for (let i = 0; i < sizes.runs; i++) {
    const ours = await lastLine(process.execPath, [path.join(HERE, 'knn.ts'), '--once'], sizes);
    const theirs = await lastLine(process.env.SSL_PYTHON ?? 'python3', [path.join(HERE, 'torch', 'knn.py')], sizes);
    runs.push({ ours, theirs });
    console.error(`run ${i + 1} of ${sizes.runs}: ${JSON.stringify({ ...ours.seconds, ...theirs.seconds })}`);
  }
  const each = runs.map(({ ours, theirs }) => ({ ...ours.seconds, ...theirs.seconds }));
  const seconds = mapValues(each[0]!, (_, way) => each.map(one => one[way]!));
  const medianSeconds = mapValues(seconds, median);
  const oursOver = mapValues(medianSeconds, value => medianSeconds.ours! / value);
  // The twin's process does all of its ways, one after another.
  const peakMb = {
    ours: median(runs.map(({ ours }) => ours.peak_mb)),
    theirs: median(runs.map(({ theirs }) => theirs.peak_mb)),
  };
  return { bench: 'knn', sizes, medianSeconds, oursOver, peakMb, seconds };
}

function mapValues<T, R>(
  record: Readonly<Record<string, T>>,
  change: (value: T, name: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}

/** Writes `bench/results/knn.json` and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...mapValues(DEFAULTS, value => ({ type: 'string' as const, default: String(value) })),
      once: { type: 'boolean', default: false },
      out: { type: 'string', default: path.join(HERE, 'results', 'knn.json') },
    },
  });
  const given: Readonly<Record<string, unknown>> = values;
  const sizes = mapValues(DEFAULTS, (_, name) => Number(given[name])) as Sizes;
  if (values.once) {
    console.log(JSON.stringify(await once(sizes)));
    return;
  }
  const result = JSON.stringify(await compare(sizes), null, 2);
  await mkdir(path.dirname(values.out), { recursive: true });
  await writeFile(values.out, `${result}\n`);
  console.log(result);
}

if (import.meta.main) await main(process.argv.slice(2));
