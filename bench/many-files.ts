/**
 * Opening a folder of 200,000 pictures: time, memory for each file, and time to the first batch, against torchvision's `ImageFolder`, each in a fresh
 * process, by turns.
 *
 *     pnpm bench many-files --files 200000 --fewer 20000 --runs 3
 *
 * The folder is made anew, in 200 sub-folders of hard links to sixteen small PNGs, read once to warm the cache, and removed. A second folder with
 * fewer files shows how memory grows. The index is what the garbage collector leaves of an opened folder, buffers included.
 */
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { encodePng, epochOrder, imageFolder, syntheticDataset } from '@ssl/core/data';
import { runOurs, runTwin } from './lib/process.ts';
import { type BenchResult, type BenchRow, median, resultFile, saveResult } from './lib/result.ts';
import { peakMb, rounded } from './lib/summary.ts';

const CLASSES = 200;
const PICTURES = 16;
const BATCH = 64;

/** What a process prints, ours and the twin's. */
interface Opened {
  readonly files: number;
  readonly list_s: number;
  /** From the start of listing. */
  readonly first_picture_s: number;
  readonly first_batch_s: number;
  readonly index_bytes_a_file: number;
  readonly peak_mb: number;
  /** With everything loaded and nothing opened. */
  readonly idle_mb: number;
}

async function makeFolder(files: number): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'ssl-many-files-'));
  const drawn = syntheticDataset({ size: PICTURES, width: 32, classes: PICTURES });
  const sources = Array.from({ length: PICTURES }, (_, i) => join(root, `.source-${i}`));
  for (const [i, source] of sources.entries()) await writeFile(source, await encodePng(await drawn.image(i)));
  for (let folder = 0; folder < CLASSES; folder++) {
    const name = join(root, 'pictures', `class-${String(folder).padStart(4, '0')}`);
    await mkdir(name, { recursive: true });
    const share = Math.ceil((files - folder) / CLASSES);
    const links = Array.from(
      { length: share },
      (_, i) => [sources[i % PICTURES]!, join(name, `picture-${i}.png`)] as const,
    );
    for (let at = 0; at < share; at += 100)
      await Promise.all(links.slice(at, at + 100).map(([from, to]) => link(from, to)));
  }
  return root;
}

/** In a process of its own. */
async function once(dir: string): Promise<Opened> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = async (): Promise<number> => {
    for (let i = 0; i < 3; i++) {
      collect();
      await setImmediate(); // buffers go a moment after what refers to them
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  await encodePng(await syntheticDataset({ size: 1, classes: 1 }).image(0)); // loads the decoder
  const [before, idle_mb, start] = [await held(), peakMb(), performance.now()];
  const seconds = (): number => rounded((performance.now() - start) / 1000);
  const data = await imageFolder(dir);
  const list_s = seconds();
  const index_bytes_a_file = rounded(((await held()) - before) / data.size);
  const collected = seconds() - list_s; // not part of the next times
  const order = epochOrder(data.size, 1, 0);
  await data.image(order[0]!);
  const first_picture_s = rounded(seconds() - collected);
  await Promise.all(Array.from(order.subarray(0, BATCH), index => data.image(index)));
  const first_batch_s = rounded(seconds() - collected);
  return { files: data.size, list_s, first_picture_s, first_batch_s, index_bytes_a_file, peak_mb: peakMb(), idle_mb };
}

interface Sizes {
  readonly files: number;
  readonly fewer: number;
  readonly runs: number;
}

async function compare(sizes: Sizes): Promise<BenchResult> {
  const runs: { readonly ours: Opened; readonly theirs: Opened }[] = [];
  for (const files of [sizes.fewer, sizes.files]) {
    const root = await makeFolder(files);
    try {
      const dir = join(root, 'pictures');
      await runOurs<Opened>('many-files.ts', ['--once', dir]);
      for (let i = 0; i < sizes.runs; i++) {
        const ours = await runOurs<Opened>('many-files.ts', ['--once', dir]);
        const theirs = await runTwin<Opened>('many_files.py', [dir, String(BATCH)]);
        runs.push({ ours, theirs });
        console.error(JSON.stringify({ ours, theirs }));
      }
    } finally {
      await rm(root, { recursive: true });
    }
  }
  return { bench: 'many-files', rows: rowsOf(sizes, runs), sizes, runs } as BenchResult;
}

function rowsOf(
  { files, fewer }: Sizes,
  runs: readonly { readonly ours: Opened; readonly theirs: Opened }[],
): BenchRow[] {
  const against = 'torchvision ImageFolder';
  const middle = (side: 'ours' | 'theirs', of: (run: Opened) => number, count = files): number =>
    median(runs.filter(run => run.ours.files === count).map(run => of(run[side])));
  const row = (what: string, unit: string, of: (run: Opened) => number): BenchRow => {
    return { what: `${files} files, ${what}`, unit, ours: middle('ours', of), theirs: middle('theirs', of), against };
  };
  const growth = (side: 'ours' | 'theirs'): number => {
    const peak = ({ peak_mb }: Opened): number => peak_mb * 2 ** 20;
    return rounded((middle(side, peak) - middle(side, peak, fewer)) / (files - fewer));
  };
  return [
    row('opening', 's', run => run.list_s),
    row('first picture', 's', run => run.first_picture_s),
    row(`first ${BATCH} pictures`, 's', run => run.first_batch_s),
    row('index', 'bytes a file', run => run.index_bytes_a_file),
    row('peak', 'MiB', run => run.peak_mb),
    {
      what: `growth of the peak from ${fewer} to ${files} files`,
      unit: 'bytes a file',
      ours: growth('ours'),
      theirs: growth('theirs'),
      against,
    },
  ];
}

/** Writes `bench/results/many-files.json`, or `--out`, and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      files: { type: 'string', default: '200000' },
      fewer: { type: 'string', default: '20000' },
      runs: { type: 'string', default: '3' },
      once: { type: 'string' },
      out: { type: 'string', default: resultFile('many-files') },
    },
  });
  if (values.once !== undefined) {
    console.log(JSON.stringify(await once(values.once)));
    return;
  }
  const [files, fewer, runs] = [Number(values.files), Number(values.fewer), Number(values.runs)];
  const result = await compare({ files, fewer, runs });
  await saveResult(result, values.out);
  console.log(JSON.stringify(result, null, 2));
}

if (import.meta.main) await main(process.argv.slice(2));
