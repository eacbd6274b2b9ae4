/**
 * Pictures a second from files to SimCLR's views, against torch's loader with torchvision on PIL images and on tensors.
 *
 *     pnpm bench loader
 *     node bench/loader.ts --rounds 1 --seconds 2 --files 64 --out /dev/null     # does it run?
 *
 * JPEG files of 500 x 375 in a folder, two views of 224 a picture with blur (`bench/torch/loader.py` has the same). Ours: `openLoader` and the
 * compiled views, once decoding every picture each time, once from the cache of decoded pictures; the twin: a `DataLoader` with as many worker processes as cores,
 * once from the files, once from decoded pictures of 256² in a memory-mapped array. Each run is a fresh process, by turns.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runOurs, runTwin } from './lib/process.ts';
import { type BenchResult, type BenchRow, resultFile, saveResult } from './lib/result.ts';
import { flagsOf, rounded, summary } from './lib/summary.ts';

const SOURCES = ['files', 'cache'] as const;
const APIS = ['v1', 'v2'] as const;
const AIMS = { files: { atLeast: 3 }, cache: { atLeast: 6 } };
const NAMES = { files: 'JPEG files of 500 x 375', cache: 'decoded pictures of 256² on disk' };
const TWINS = { v1: 'PIL', v2: 'v2, tensors' };

export interface LoaderSetting {
  readonly source: (typeof SOURCES)[number];
  readonly folder: string;
  readonly cacheFolder: string;
  readonly batch: number;
  readonly seconds: number;
  readonly workers: number;
}

/** What a process prints, ours and PyTorch's. */
export interface LoaderRun {
  readonly images_per_s: number;
  readonly peak_mb: number;
}

/** Writes `bench/results/loader.json` and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '10' },
      files: { type: 'string', default: '512' },
      batch: { type: 'string', default: '32' },
      workers: { type: 'string', default: String(availableParallelism()) },
      once: { type: 'string' },
      out: { type: 'string', default: resultFile('loader') },
    },
  });
  if (values.once !== undefined) {
    const { runLoader } = await import('./lib/our-loader.ts');
    console.log(JSON.stringify(await runLoader(JSON.parse(values.once) as LoaderSetting)));
    return;
  }
  const root = mkdtempSync(join(tmpdir(), 'ssl-bench-'));
  try {
    const folder = join(root, 'pictures', 'all'); // torchvision wants a class
    mkdirSync(folder, { recursive: true });
    await runTwin('loader.py', flagsOf({ make: folder, files: values.files }));
    const setting = {
      folder,
      cacheFolder: join(root, 'cache'),
      batch: +values.batch,
      seconds: +values.seconds,
      workers: +values.workers,
    };
    const settings = [];
    for (const source of SOURCES) settings.push(await compare({ source, ...setting }, +values.rounds));
    const { rounds, seconds, files, workers } = values;
    const sizes = { rounds: +rounds, seconds: +seconds, files: +files, workers: +workers };
    const result = { bench: 'loader', rows: settings.flatMap(({ rows }) => rows), ...sizes, settings };
    await saveResult(result satisfies BenchResult, values.out);
    console.log(JSON.stringify(result, undefined, 2));
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function compare(setting: LoaderSetting, rounds: number) {
  const { source, folder, batch, seconds, workers } = setting;
  const runs: Record<'ours' | (typeof APIS)[number], LoaderRun[]> = { ours: [], v1: [], v2: [] };
  for (let round = 1; round <= rounds; round++) {
    const threads = { threads: workers };
    runs.ours.push(await runOurs<LoaderRun>('loader.ts', flagsOf({ once: JSON.stringify(setting) }), threads));
    for (const api of APIS) {
      const flags = flagsOf({ source, folder: join(folder, '..'), batch, seconds, workers, api });
      runs[api].push(await runTwin<LoaderRun>('loader.py', flags, threads));
    }
    const rates = Object.entries(runs).map(([who, all]) => `${who} ${all.at(-1)!.images_per_s}`);
    console.error(`${source}, round ${round} of ${rounds}, images/s: ${rates.join(', ')}`);
  }
  const rate = (who: keyof typeof runs): number => summary(runs[who].map(run => run.images_per_s)).median;
  const faster = rate('v1') >= rate('v2') ? 'v1' : 'v2';
  const rows = APIS.map(
    (api): BenchRow => ({
      what: `${NAMES[source]}, two views of 224²`,
      unit: 'images/s',
      ours: rate('ours'),
      theirs: rate(api),
      against: `torchvision (${TWINS[api]}), ${workers} processes`,
      ...(api === faster && { aim: AIMS[source] }),
    }),
  );
  return { source, rows, runs, timesAsMany: rounded(rate('ours') / rate(faster)) };
}

if (import.meta.main) await main(process.argv.slice(2));
