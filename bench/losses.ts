/**
 * Contrastive losses and Barlow Twins', with their gradients, time and memory, against lightly's.
 *
 *     pnpm bench losses
 *     pnpm bench losses --clock cpu --threads 1                                     # on a machine that does other things meanwhile
 *     node bench/losses.ts --rounds 1 --pairs 256 --seconds 0.2 --out /dev/null     # does it run?
 *
 * Of B pairs of random projections; each run is a fresh process, by turns, and its first step is dropped as warm-up (ours builds its graph in
 * it). Peaks are of the whole process: its libraries are most of it at small B. lightly's contrastive losses
 * keep matrices of B² numbers; where those would not fit beside what the machine runs else, it is not started, and the line says how much it would take by its largest run that did fit.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { parseArgs } from 'node:util';
import type { LossRun, LossSetting } from './lib/our-losses.ts';
import { runOurs, runTwin } from './lib/process.ts';
import { type BenchResult, type BenchRow, resultFile, saveResult } from './lib/result.ts';
import { flagsOf, type Summary, summary } from './lib/summary.ts';

interface Compared {
  /** A key of both tables: `LOSSES` in `lib/our-losses.ts` and in `torch/losses.py`. */
  readonly loss: string;
  readonly title: string;
  readonly against: string;
  /** P */
  readonly width: number;
  /** What lightly's keeps: similarities of all pairs (B²), of pairs and queue, or the rows alone. */
  readonly keeps: 'pairs' | 'queue' | 'rows';
}

/** A loss more is a line more, here and in both tables. */
const COMPARED: readonly Compared[] = [
  { loss: 'ntxent', title: 'NT-Xent', against: "lightly's NTXentLoss", width: 128, keeps: 'pairs' },
  { loss: 'dcl', title: 'DCL', against: "lightly's DCLLoss", width: 128, keeps: 'pairs' },
  {
    loss: 'queue',
    title: 'InfoNCE, queue of 65,536',
    against: "lightly's NTXentLoss with a memory bank",
    width: 128,
    keeps: 'queue',
  },
  { loss: 'barlow', title: 'Barlow Twins', against: "lightly's BarlowTwinsLoss", width: 128, keeps: 'rows' },
];
const PAIRS = [256, 1024, 4096, 16_384];
/** For ours / theirs; that of memory where B² numbers outweigh the libraries, or B times a queue's. */
const AIMS = { time: { atMost: 1 }, memory: { atMost: 0.1 } };
const LARGE = 16_384;
const UNITS = { wall: 'ms', cpu: 'CPU ms' };
/** Left to the rest of the machine, MiB. */
const SPARE = 4096;

interface Failed {
  readonly failed: string;
}

interface Sizes {
  readonly rounds: number;
  readonly seconds: number;
  readonly threads: number;
  /** Of the times in the table. */
  readonly clock: Clock;
}

type Clock = keyof typeof UNITS;

interface Side {
  readonly ms: Summary;
  readonly cpuMs: Summary;
  readonly firstMs: Summary;
  readonly peakMb: Summary;
  readonly idleMb: number;
  readonly value: number;
}

interface Measured extends LossSetting {
  readonly ours: Side;
  readonly theirs: Side | Failed;
}

async function compare(setting: LossSetting, { rounds, threads }: Sizes, expectedMb: number): Promise<Measured> {
  const [ours, theirs]: [LossRun[], LossRun[]] = [[], []];
  let failure: Failed | undefined;
  for (let round = 1; round <= rounds; round++) {
    ours.push(await runOurs<LossRun>('losses.ts', ['--once', JSON.stringify(setting)], { threads }));
    failure ??= await runTheirs(setting, threads, expectedMb, theirs);
    const last = [ours, theirs].map(runs => runs.at(-1) && summary(runs.at(-1)!.ms.slice(1)).median);
    console.error(
      `${setting.loss}, ${setting.pairs} pairs, round ${round}: ${last[0]} ms, theirs ${failure?.failed ?? `${last[1]} ms`}`,
    );
  }
  return { ...setting, ours: sideOf(ours), theirs: failure ?? sideOf(theirs) };
}

/** Adds to `runs`, or says why not. */
async function runTheirs(
  setting: LossSetting,
  threads: number,
  expectedMb: number,
  runs: LossRun[],
): Promise<Failed | undefined> {
  const limit = Math.floor(availableMb() - SPARE);
  if (expectedMb > limit) return { failed: `not run, would take about ${(expectedMb / 1024).toPrecision(2)} GiB` };
  const run = await runTwin<LossRun | Failed>('losses.py', flagsOf({ ...setting, threads, limit_mb: limit }), {
    threads,
  });
  if ('failed' in run) return run;
  runs.push(run);
}

function sideOf(runs: readonly LossRun[]): Side {
  return {
    ms: summary(runs.flatMap(({ ms }) => ms.slice(1))),
    cpuMs: summary(runs.flatMap(({ cpu_ms }) => cpu_ms.slice(1))),
    firstMs: summary(runs.map(({ ms }) => ms[0]!)),
    peakMb: summary(runs.map(({ peak_mb }) => peak_mb)),
    idleMb: summary(runs.map(({ idle_mb }) => idle_mb)).median,
    value: runs[0]!.value,
  };
}

/** What a run of theirs will take: that of the last size, whose matrices grow as B² or as B. */
function expected(last: Measured | undefined, pairs: number, { keeps }: Compared): number {
  if (!last || 'failed' in last.theirs) return 0;
  const { peakMb, idleMb } = last.theirs;
  const growth = pairs / last.pairs;
  return idleMb + (peakMb.max - idleMb) * (keeps === 'pairs' ? growth ** 2 : growth);
}

function rowsOf(
  { title, against, keeps }: Compared,
  { pairs, width, ours, theirs }: Measured,
  clock: Clock,
): BenchRow[] {
  const what = `${title}, ${pairs} pairs, P = ${width}`;
  const failed = 'failed' in theirs;
  const who = failed ? `${against}: ${theirs.failed}` : against;
  const time = (side: Side): number => (clock === 'cpu' ? side.cpuMs : side.ms).median;
  const [ms, mb] = failed ? [null, null] : [time(theirs), theirs.peakMb.median];
  const aim = pairs >= LARGE && keeps !== 'rows' ? { aim: AIMS.memory } : {};
  return [
    { what, unit: UNITS[clock], ours: time(ours), theirs: ms, against: who, aim: AIMS.time },
    { what, unit: 'MiB at the peak', ours: ours.peakMb.median, theirs: mb, against: who, ...aim },
  ];
}

/** What may still be taken without harm to others, MiB. */
function availableMb(): number {
  try {
    return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))![1]) / 1024;
  } catch {
    return freemem() / 2 ** 20; // not Linux
  }
}

/** Writes `bench/results/losses.json` and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      threads: { type: 'string', default: String(availableParallelism()) },
      clock: { type: 'string', default: 'wall' },
      losses: { type: 'string', default: COMPARED.map(({ loss }) => loss).join() },
      pairs: { type: 'string', default: PAIRS.join() },
      once: { type: 'string' },
      out: { type: 'string', default: resultFile('losses') },
    },
  });
  if (values.once !== undefined) {
    const { runLoss } = await import('./lib/our-losses.ts');
    console.log(JSON.stringify(await runLoss(JSON.parse(values.once) as LossSetting)));
    return;
  }
  if (!Object.hasOwn(UNITS, values.clock)) throw new Error(`losses: clock must be wall or cpu; got '${values.clock}'`);
  const clock = values.clock as Clock;
  const sizes = { rounds: +values.rounds, seconds: +values.seconds, threads: +values.threads, clock };
  const [settings, rows]: [Measured[], BenchRow[]] = [[], []];
  for (const each of COMPARED.filter(({ loss }) => values.losses.split(',').includes(loss))) {
    let last: Measured | undefined;
    for (const pairs of values.pairs.split(',').map(Number)) {
      const setting = { loss: each.loss, width: each.width, pairs, seconds: sizes.seconds };
      last = await compare(setting, sizes, expected(last, pairs, each));
      settings.push(last);
      rows.push(...rowsOf(each, last, clock));
    }
  }
  const result = { bench: 'losses', rows, ...sizes, settings };
  await saveResult(result satisfies BenchResult, values.out);
  console.log(JSON.stringify(result, undefined, 2));
}

if (import.meta.main) await main(process.argv.slice(2));
