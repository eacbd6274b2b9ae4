/**
 * SimCLR's views a second, from decoded pictures in memory, against torchvision on PIL images (`bench/torch/views.py`), each in a
 * fresh process, by turns.
 *
 *     pnpm bench views
 *
 * Ours holds the move of each batch into the library, the drawing of all parameters and two views a picture. The twin runs in one
 * process and in as many as we have threads.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { byteTensor, compile, fromBytes, rngFromKey, stepKey, type Tensor, tf, type ViewPlan } from '@ssl/core';
import {
  colorJitter,
  drawViews,
  gaussianBlur,
  grayscale,
  horizontalFlip,
  randomResizedCrop,
  views,
} from '@ssl/core/data';
import { runOurs, runTwin } from './lib/process.ts';
import { type BenchResult, type BenchRow, median, resultFile, saveResult } from './lib/result.ts';

const VIEWS_A_PICTURE = 2;
/** Batches being drawn at once: the next one while this one is used. */
const IN_FLIGHT = 2;

interface Setting {
  readonly source: number;
  readonly size: number;
  readonly batch: number;
  readonly blur: boolean;
}

/** Small pictures as SimCLR treats CIFAR-10 (no blur), and photos as it treats ImageNet. */
const SETTINGS: readonly Setting[] = [
  { source: 32, size: 32, batch: 256, blur: false },
  { source: 256, size: 224, batch: 32, blur: true },
];

interface Rate {
  readonly viewsPerSecond: number;
  readonly cpuMsPerView: number;
  readonly peakMb: number;
}

/** The same views as in `bench/torch/views.py`. */
function plan({ size, blur }: Setting): ViewPlan {
  const ops = [
    randomResizedCrop({ scale: [0.08, 1] }),
    horizontalFlip({ p: 0.5 }),
    colorJitter({ brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2, p: 0.8 }),
    grayscale({ p: 0.2 }),
    ...(blur ? [gaussianBlur({ sigma: [0.1, 2], p: 0.5, kernelSize: Math.floor(size / 20) * 2 + 1 })] : []),
  ];
  return views([{ count: VIEWS_A_PICTURE, size, ops }]);
}

async function once(setting: Setting, seconds: number): Promise<Rate> {
  const { source, batch } = setting;
  const shape = [batch, source, source, 3];
  const batches = [0, 1].map(n =>
    Uint8Array.from({ length: batch * source * source * 3 }, (_, i) => (i * 7919 + n) % 251),
  );
  const drawn = plan(setting);
  const step = compile((images: Tensor, key: Tensor) => drawViews(drawn, fromBytes(images), { rng: rngFromKey(key) }));
  const make = async (i: number): Promise<void> => {
    const [images, key] = [byteTensor(batches[i % 2]!, shape), stepKey(0, i)];
    tf.dispose([images, key, await step(images, key)]);
  };
  for (let i = 0; i < 3; i++) await make(i); // compiles
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  let made = 0;
  let next = 3;
  const keepDrawing = async (): Promise<void> => {
    for (; performance.now() - start < 1000 * seconds; made += VIEWS_A_PICTURE * batch) await make(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, keepDrawing));
  const { user, system } = process.cpuUsage(cpu);
  return {
    viewsPerSecond: (1000 * made) / (performance.now() - start),
    cpuMsPerView: (user + system) / 1000 / made,
    peakMb: process.resourceUsage().maxRSS / 1024,
  };
}

interface Comparison extends Setting {
  /** Against one process, and against as many as there are threads. */
  readonly rows: readonly BenchRow[];
  /** Views a second of every run, by who drew them. */
  readonly runs: Readonly<Record<string, readonly number[]>>;
  readonly oursCpuMsPerView: number;
  readonly oursPeakMb: number;
}

async function compare(setting: Setting, count: number, seconds: number, threads: number): Promise<Comparison> {
  const { source, size, blur } = setting;
  const workers = [...new Set([1, threads])].map(String);
  const flags = ['--source', source, '--size', size, ...(blur ? ['--blur'] : []), '--seconds', seconds].map(String);
  const ours: Rate[] = [];
  const theirs: Record<string, number>[] = [];
  for (let i = 0; i < count; i++) {
    ours.push(
      await runOurs<Rate>('views.ts', ['--once', JSON.stringify(setting), '--seconds', String(seconds)], { threads }),
    );
    const twin = await runTwin<{ views_per_s: Record<string, number> }>(
      'views.py',
      [...flags, '--workers', ...workers],
      { threads },
    );
    theirs.push(twin.views_per_s);
    console.error(
      `${source} → ${size}, run ${i + 1} of ${count}: ${JSON.stringify({ ours: ours.at(-1), theirs: theirs.at(-1) })}`,
    );
  }
  const rows = workers.map(
    (n): BenchRow => ({
      what: `SimCLR views, ${source} → ${size} pixels${blur ? ', with blur' : ''}`,
      unit: 'views/s',
      ours: median(ours.map(rate => rate.viewsPerSecond)),
      theirs: median(theirs.map(rate => rate[n]!)),
      against: `torchvision (PIL), ${n === '1' ? '1 process' : `${n} processes`}`,
      ...(size === 32 && { aim: { atLeast: 8 } }),
    }),
  );
  return {
    ...setting,
    rows,
    runs: {
      ours: ours.map(rate => rate.viewsPerSecond),
      ...Object.fromEntries(workers.map(n => [`torchvision, ${n}`, theirs.map(rate => rate[n]!)])),
    },
    oursCpuMsPerView: median(ours.map(rate => rate.cpuMsPerView)),
    oursPeakMb: median(ours.map(rate => rate.peakMb)),
  };
}

/** Writes `bench/results/views.json`, or `--out`, and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      threads: { type: 'string', default: String(availableParallelism()) },
      once: { type: 'string' },
      out: { type: 'string', default: resultFile('views') },
    },
  });
  const [runs, seconds, threads] = [Number(values.runs), Number(values.seconds), Number(values.threads)];
  if (values.once !== undefined) {
    console.log(JSON.stringify(await once(JSON.parse(values.once) as Setting, seconds)));
    return;
  }
  const settings: Comparison[] = [];
  for (const setting of SETTINGS) settings.push(await compare(setting, runs, seconds, threads));
  const result: BenchResult & object = {
    bench: 'views',
    rows: settings.flatMap(setting => setting.rows),
    ...{ threads, seconds, settings },
  };
  await saveResult(result, values.out);
  console.log(JSON.stringify(result, undefined, 2));
}

if (import.meta.main) await main(process.argv.slice(2));
