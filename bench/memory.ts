/**
 * What activation checkpointing and gradient caching save of a training step's memory, and what they cost of its time.
 *
 *     pnpm bench memory
 *     node bench/memory.ts --rounds 1 --steps 2 --warmup 1 --model resnet18 --pictures 4 --micro 2 --size 32 --out /dev/null  # does it run?
 *
 * SimCLR's step with SGD on two views of each picture: as it is; with `gradCheckpointing` of the backbone; with `microBatchSize`; with both. Each run is
 * a fresh process, by turns; its first steps are dropped as warm-up. There is no twin: ratios are to the step as it is. Time is the processor's, of all
 * threads together, which other processes disturb least.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { MemoryRun, MemorySetting } from './lib/our-memory.ts';
import { runOurs } from './lib/process.ts';
import { type BenchResult, type BenchRow, resultFile, saveResult } from './lib/result.ts';
import { flagsOf, rounded, summary } from './lib/summary.ts';

interface Plan {
  readonly rounds: number;
  readonly steps: number;
  readonly warmup: number;
  readonly threads: number;
}

const PLAIN = 'plain';

function waysOf(micro: number): ReadonlyMap<string, Pick<MemorySetting, 'microBatchSize' | 'gradCheckpointing'>> {
  return new Map([
    [PLAIN, { microBatchSize: 0, gradCheckpointing: false }],
    ['gradCheckpointing', { microBatchSize: 0, gradCheckpointing: true }],
    [`microBatchSize ${micro}`, { microBatchSize: micro, gradCheckpointing: false }],
    [`gradCheckpointing, microBatchSize ${micro}`, { microBatchSize: micro, gradCheckpointing: true }],
  ]);
}

async function runAll(settings: ReadonlyMap<string, MemorySetting>, plan: Plan): Promise<Map<string, MemoryRun[]>> {
  const runs = new Map([...settings.keys()].map(way => [way, [] as MemoryRun[]]));
  for (let round = 1; round <= plan.rounds; round++) {
    for (const [way, setting] of settings) {
      const flags = flagsOf({ once: JSON.stringify(setting), steps: plan.steps });
      const run = await runOurs<MemoryRun>('memory.ts', flags, { threads: plan.threads });
      const { median } = summary(run.cpu_ms.slice(plan.warmup));
      console.error(`round ${round} of ${plan.rounds}, ${way}: ${median} ms, ${run.peak_mb} MiB, loss ${run.loss}`);
      runs.get(way)!.push(run);
    }
  }
  return runs;
}

function summed(runs: readonly MemoryRun[], warmup: number) {
  return {
    peakMb: summary(runs.map(run => run.peak_mb)),
    aboveIdleMb: summary(runs.map(run => rounded(run.peak_mb - run.idle_mb))),
    cpuMs: summary(runs.flatMap(run => run.cpu_ms.slice(warmup))),
    ms: summary(runs.flatMap(run => run.ms.slice(warmup))),
  };
}

type Summed = ReturnType<typeof summed>;

function rowsOf(step: string, ways: ReadonlyMap<string, Summed>): BenchRow[] {
  const plain = ways.get(PLAIN)!;
  const row = (way: string, unit: string, value: (of: Summed) => number): BenchRow => ({
    what: `${step}: ${way}`,
    unit,
    ours: value(ways.get(way)!),
    theirs: value(plain),
    against: 'our step as it is',
  });
  return [...ways.keys()]
    .filter(way => way !== PLAIN)
    .flatMap(way => [
      row(way, 'MiB at the peak above the start', ({ aboveIdleMb }) => aboveIdleMb.median),
      row(way, 'ms of processor a step', ({ cpuMs }) => cpuMs.median),
    ]);
}

/** Writes `bench/results/memory.json` and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: '3' },
      steps: { type: 'string', default: '4' },
      warmup: { type: 'string', default: '1' },
      threads: { type: 'string', default: String(availableParallelism()) },
      model: { type: 'string', default: 'resnet50' },
      pictures: { type: 'string', default: '8' },
      micro: { type: 'string', default: '2' },
      size: { type: 'string', default: '224' },
      once: { type: 'string' },
      out: { type: 'string', default: resultFile('memory') },
    },
  });
  const plan: Plan = { rounds: +values.rounds, steps: +values.steps, warmup: +values.warmup, threads: +values.threads };
  if (values.once !== undefined) {
    const { runMemory } = await import('./lib/our-memory.ts');
    console.log(JSON.stringify(await runMemory(JSON.parse(values.once) as MemorySetting, plan.steps)));
    return;
  }
  const base = { model: values.model, pictures: +values.pictures, size: +values.size };
  const settings = new Map([...waysOf(+values.micro)].map(([way, setting]) => [way, { ...base, ...setting }]));
  const runs = await runAll(settings, plan);
  const ways = new Map([...runs].map(([way, each]) => [way, summed(each, plan.warmup)]));
  const rows = rowsOf(`${base.model}, two views of ${base.size}² of ${base.pictures} pictures`, ways);
  const result: BenchResult & object = {
    bench: 'memory',
    rows,
    ...plan,
    ...base,
    ways: Object.fromEntries(ways),
  } as BenchResult;
  await saveResult(result, values.out);
  console.log(JSON.stringify(result, undefined, 2));
}

if (import.meta.main) await main(process.argv.slice(2));
