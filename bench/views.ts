/**
 * SimCLR's views a second, from decoded pictures in memory, against torchvision on PIL images (`bench/torch/views.py`), each in a
 * fresh process, by turns.
 *
 *     node bench/views.ts --runs 5 --seconds 5
 *
 * Ours holds the move of each batch into the library, the drawing of all parameters and two views a picture. The twin runs in one
 * process and in as many as we have threads. `SSL_PYTHON` names the Python that has `bench/torch`'s requirements (default `python3`).
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
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

const HERE = fileURLToPath(new URL('.', import.meta.url));
const VIEWS_A_PICTURE = 2;

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

const run = promisify(execFile);

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
  for (let i = 3; performance.now() - start < 1000 * seconds; i++, made += VIEWS_A_PICTURE * batch) await make(i);
  const { user, system } = process.cpuUsage(cpu);
  return {
    viewsPerSecond: (1000 * made) / (performance.now() - start),
    cpuMsPerView: (user + system) / 1000 / made,
    peakMb: process.resourceUsage().maxRSS / 1024,
  };
}

/** The last line that a process prints, as JSON. */
async function lastLine<T>(command: string, args: readonly string[], threads: number): Promise<T> {
  const { stdout } = await run(command, [...args], { env: { ...process.env, SSL_THREADS: String(threads) } });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}

async function compare(setting: Setting, runs: number, seconds: number, threads: number): Promise<object> {
  const { source, size, blur } = setting;
  const workers = [...new Set([1, threads])].map(String);
  const flags = ['--source', source, '--size', size, ...(blur ? ['--blur'] : []), '--seconds', seconds].map(String);
  const all: Record<string, number[]> = {};
  const note = (name: string, value: number): void => {
    all[name] = [...(all[name] ?? []), value];
  };
  for (let i = 0; i < runs; i++) {
    const args = [path.join(HERE, 'views.ts'), '--once', JSON.stringify(setting), '--seconds', String(seconds)];
    const ours = await lastLine<Rate>(process.execPath, args, threads);
    const twin = [path.join(HERE, 'torch', 'views.py'), ...flags, '--workers', ...workers];
    const theirs = await lastLine<{ views_per_s: Record<string, number> }>(
      process.env.SSL_PYTHON ?? 'python3',
      twin,
      threads,
    );
    note('ours', ours.viewsPerSecond);
    note('oursCpuMsPerView', ours.cpuMsPerView);
    note('oursPeakMb', ours.peakMb);
    for (const [count, rate] of Object.entries(theirs.views_per_s)) note(`torchvision${count}`, rate);
    console.error(
      `${source} → ${size}, run ${i + 1} of ${runs}: ${JSON.stringify({ ours, theirs: theirs.views_per_s })}`,
    );
  }
  const medians = Object.fromEntries(Object.entries(all).map(([name, values]) => [name, median(values)]));
  const timesAsMany = Object.fromEntries(
    workers.map(count => [count, medians.ours! / medians[`torchvision${count}`]!]),
  );
  return { ...setting, medians, timesAsManyAsTorchvisionWithWorkers: timesAsMany, runs: all };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** Writes `bench/results/views.json` and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      threads: { type: 'string', default: String(availableParallelism()) },
      once: { type: 'string' },
      out: { type: 'string', default: path.join(HERE, 'results', 'views.json') },
    },
  });
  const [runs, seconds, threads] = [Number(values.runs), Number(values.seconds), Number(values.threads)];
  if (values.once !== undefined) {
    console.log(JSON.stringify(await once(JSON.parse(values.once) as Setting, seconds)));
    return;
  }
  const settings: object[] = [];
  for (const setting of SETTINGS) settings.push(await compare(setting, runs, seconds, threads));
  const result = JSON.stringify({ bench: 'views', threads, seconds, settings }, null, 2);
  await mkdir(path.dirname(values.out), { recursive: true });
  await writeFile(values.out, `${result}\n`);
  console.log(result);
}

if (import.meta.main) await main(process.argv.slice(2));
