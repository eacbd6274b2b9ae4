/**
 * Images a second of SimCLR's training, loader and views included, against lightly with torchvision and PyTorch's loader.
 *
 *     pnpm bench end-to-end
 *     node bench/end-to-end.ts --rounds 1 --seconds 2 --warmup 2 --batch 16 --count 200 --out /dev/null     # does it run?
 *
 * A narrow ResNet (one basic block a stage, 16 to 128 channels, with either stem) on pictures of 32² in memory, SimCLR's crops, colours and
 * grays without flip and blur. Ours is `pretrain` with its logging and the collapse signals after every epoch; the twin
 * (`bench/torch/end_to_end.py`) is a loop over a loader with worker processes. Our head has a norm more. Each run is a fresh
 * process, by turns; the ratio is to the twin's fastest variant.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { TrainingRun, TrainingSetting } from './lib/our-training.ts';
import { runOurs, runTwin } from './lib/process.ts';
import { type BenchResult, type BenchRow, resultFile, saveResult } from './lib/result.ts';
import { flagsOf, rounded, summary } from './lib/summary.ts';

const AIM = { atLeast: 3 };
/** With the CIFAR stem nearly all of the time goes to convolutions; with the strided one the loader and the views count. */
const STEMS = ['imagenet', 'cifar'] as const;
const LAYOUTS = ['contiguous', 'channels_last'] as const;

interface Plan {
  readonly rounds: number;
  readonly threads: number;
  /** Numbers of the twin's worker processes. */
  readonly workers: readonly number[];
}

/** By `ours` and `contiguous, 2 workers`. */
type Runs = ReadonlyMap<string, readonly TrainingRun[]>;

/** What is run in a round, in turn. */
function waysOf(setting: TrainingSetting, { threads, workers }: Plan): Map<string, () => Promise<TrainingRun>> {
  const once = flagsOf({ once: JSON.stringify(setting) });
  const ways = new Map([['ours', () => runOurs<TrainingRun>('end-to-end.ts', once, { threads })]]);
  for (const layout of LAYOUTS) {
    for (const count of workers) {
      const flags = flagsOf({ ...setting, source: setting.size, layout, workers: count, threads });
      ways.set(`${layout}, ${count} workers`, () => runTwin<TrainingRun>('end_to_end.py', flags, { threads }));
    }
  }
  return ways;
}

async function runAll(setting: TrainingSetting, plan: Plan): Promise<Runs> {
  const runs = new Map<string, TrainingRun[]>();
  const ways = waysOf(setting, plan);
  for (let round = 1; round <= plan.rounds; round++) {
    for (const [way, start] of ways) {
      const run = await start();
      console.error(`round ${round} of ${plan.rounds}, ${way}: ${run.images_per_s} images/s, ${run.peak_mb} MiB`);
      runs.set(way, [...(runs.get(way) ?? []), run]);
    }
  }
  return runs;
}

function compared(runs: Runs) {
  const ways = [...runs].map(([way, all]) => ({
    way,
    imagesPerSecond: summary(all.map(run => run.images_per_s)),
    msPerStep: summary(all.map(run => run.ms_per_step)),
    batches: summary(all.map(run => run.batches)),
    peakMb: summary(all.map(run => run.peak_mb)),
    largestWorkerMb: summary(all.map(run => run.largest_worker_mb ?? 0)),
    version: all[0]!.engine ?? all[0]!.torch,
  }));
  const [ours, ...twins] = ways as [(typeof ways)[number], ...typeof ways];
  const fastest = twins.reduce((a, b) => (b.imagesPerSecond.median > a.imagesPerSecond.median ? b : a));
  const timesAsMany = rounded(ours.imagesPerSecond.median / fastest.imagesPerSecond.median);
  const timesAsManyByRound = runs.get('ours')!.map((own, i) => {
    const others = twins.map(({ way }) => runs.get(way)![i]!.images_per_s);
    return rounded(own.images_per_s / Math.max(...others));
  });
  return { timesAsMany, timesAsManyByRound, ours, fastest: fastest.way, twins };
}

function rowOf(
  { size, batch, stem }: TrainingSetting,
  { ours, fastest, twins }: ReturnType<typeof compared>,
): BenchRow {
  return {
    what: `narrow ResNet, ${stem === 'cifar' ? 'CIFAR' : 'ImageNet'} stem, ${size}², batch ${batch}`,
    unit: 'images/s',
    ours: ours.imagesPerSecond.median,
    theirs: twins.find(({ way }) => way === fastest)!.imagesPerSecond.median,
    against: `lightly, ${fastest}`,
    aim: AIM,
  };
}

/** Writes `bench/results/end-to-end.json` and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '20' },
      warmup: { type: 'string', default: '10' },
      batch: { type: 'string', default: '128' },
      count: { type: 'string', default: '10000' },
      threads: { type: 'string', default: String(availableParallelism()) },
      workers: { type: 'string', default: [...new Set([1, availableParallelism()])].join() },
      once: { type: 'string' },
      out: { type: 'string', default: resultFile('end-to-end') },
    },
  });
  if (values.once !== undefined) {
    const { runTraining } = await import('./lib/our-training.ts');
    console.log(JSON.stringify(await runTraining(JSON.parse(values.once) as TrainingSetting)));
    return;
  }
  const { seconds, warmup, batch, count } = values;
  const plan = { rounds: +values.rounds, threads: +values.threads, workers: values.workers.split(',').map(Number) };
  const settings = [];
  for (const stem of STEMS) {
    const setting = { size: 32, width: 16, stem, seconds: +seconds, warmup: +warmup, batch: +batch, count: +count };
    settings.push({ setting, comparison: compared(await runAll(setting, plan)) });
  }
  const rows = settings.map(({ setting, comparison }) => rowOf(setting, comparison));
  const result = { bench: 'end-to-end', rows, ...plan, settings };
  await saveResult(result satisfies BenchResult, values.out);
  console.log(JSON.stringify(result, undefined, 2));
}

if (import.meta.main) await main(process.argv.slice(2));
