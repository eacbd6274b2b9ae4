/**
 * Weighted k-nearest neighbours against scikit-learn and FAISS, each in a fresh process, by turns.
 *
 *     node bench/knn.ts --train 50000 --test 10000 --dim 512 --k 20 --runs 5
 *
 * Ours is timed cold, graphs included, and brings the features to length 1 itself; the others get them so.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { normal, rngFromSeed, tf } from '@ssl/core';
import { type FeatureTable, knnClassify } from '@ssl/core/eval';
import { runOurs, runTwin } from './lib/process.ts';
import { type BenchResult, type BenchRow, median, resultFile, saveResult } from './lib/result.ts';

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

/** The ways of the twin, and what the table calls them. */
const OTHERS = {
  faiss: 'FAISS IndexFlatIP',
  sklearn_cosine: 'scikit-learn, brute, cosine',
  sklearn_euclidean: 'scikit-learn, brute, euclidean',
} as const;

interface Run {
  readonly seconds: Readonly<Record<string, number>>;
  readonly peak_mb: number;
}

/** The twin's task: classes are guessed from `k` neighbours that vote with exp(cosine / .07). */
async function once({ train, test, dim, k, classes }: Sizes): Promise<Run> {
  const labels = Int32Array.from({ length: train }, (_, row) => row % classes);
  const [gallery, queries] = [table(1, train, dim), table(2, test, dim)];
  const start = performance.now();
  await knnClassify({ train: { features: gallery, labels }, test: queries, k, classes });
  const seconds = { ours: (performance.now() - start) / 1000 };
  return { seconds, peak_mb: process.resourceUsage().maxRSS / 1024 };
}

function table(seed: number, rows: number, dim: number): FeatureTable {
  const drawn = tf.tidy(() => normal(rngFromSeed(seed), [rows, dim]));
  const features = drawn.dataSync<'float32'>();
  drawn.dispose();
  return { features, dim };
}

async function compare(sizes: Sizes): Promise<BenchResult> {
  const { runs: count, threads, train, test, dim, k } = sizes;
  const flags = Object.entries(sizes).flatMap(([name, value]) => (name === 'runs' ? [] : [`--${name}`, String(value)]));
  const runs: { readonly ours: Run; readonly theirs: Run }[] = [];
  for (let i = 0; i < count; i++) {
    const ours = await runOurs<Run>('knn.ts', ['--once', ...flags], { threads });
    const theirs = await runTwin<Run>('knn.py', flags, { threads });
    runs.push({ ours, theirs });
    console.error(`run ${i + 1} of ${count}: ${JSON.stringify({ ...ours.seconds, ...theirs.seconds })}`);
  }
  const rows: BenchRow[] = Object.entries(OTHERS).map(([way, against]) => ({
    what: `${k} neighbours of ${test} among ${train}, ${dim} numbers each`,
    unit: 's',
    ours: median(runs.map(({ ours }) => ours.seconds.ours!)),
    theirs: median(runs.map(({ theirs }) => theirs.seconds[way]!)),
    against,
  }));
  // The twin's process does all of its ways, one after another: its peak is that of the largest.
  const result = { bench: 'knn', rows, sizes, runs };
  return result;
}

/** Writes `bench/results/knn.json`, or `--out`, and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const numbers = Object.entries(DEFAULTS).map(
    ([name, value]) => [name, { type: 'string' as const, default: String(value) }] as const,
  );
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...Object.fromEntries(numbers),
      once: { type: 'boolean' as const, default: false },
      out: { type: 'string' as const, default: resultFile('knn') },
    },
  });
  const given: Readonly<Record<string, unknown>> = values;
  const sizes = Object.fromEntries(Object.keys(DEFAULTS).map(name => [name, Number(given[name])])) as Sizes;
  if (given.once) {
    console.log(JSON.stringify(await once(sizes)));
    return;
  }
  const result = await compare(sizes);
  await saveResult(result, String(given.out));
  console.log(JSON.stringify(result, null, 2));
}

if (import.meta.main) await main(process.argv.slice(2));
