/** Runs of a step by turns, ours and PyTorch's in both memory layouts, and what they say. Ratios are to the layout in which PyTorch is faster. */
import { rounded, type Summary, summary } from './summary.ts';

export const WAYS = ['ours', 'contiguous', 'channels_last'] as const;

export type Way = (typeof WAYS)[number];

/** What a process prints, ours and PyTorch's. */
export interface TimedRun {
  /** Every step, the first ones too. */
  readonly ms: readonly number[];
  readonly cpu_ms?: readonly number[];
  readonly peak_mb: number;
}

export type Runs<R> = Readonly<Record<Way, readonly R[]>>;

export interface LayoutComparison {
  readonly faster: Way;
  readonly timeRatio: number;
  readonly timeRatioByRound: readonly number[];
  readonly peakRatio: number;
  readonly ms: Readonly<Record<Way, Summary>>;
  readonly cpuMs: Summary;
  readonly firstMs: Readonly<Record<Way, Summary>>;
  readonly peakMb: Readonly<Record<Way, Summary>>;
}

/** Each round runs every way once. @param done is told of each run, with the median of its steps in ms */
export async function byTurns<R extends TimedRun>(
  { rounds, warmup }: { readonly rounds: number; readonly warmup: number },
  runOnce: (way: Way) => Promise<R>,
  done: (way: Way, round: number, median: number, run: R) => void,
): Promise<Runs<R>> {
  const runs: Record<Way, R[]> = { ours: [], contiguous: [], channels_last: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const way of WAYS) {
      const run = await runOnce(way);
      done(way, round, summary(run.ms.slice(warmup)).median, run);
      runs[way].push(run);
    }
  }
  return runs;
}

/** @param warmup steps of each run that are dropped */
export function compareLayouts(runs: Runs<TimedRun>, warmup: number): LayoutComparison {
  const ms = byWay(way => summary(runs[way].flatMap(run => run.ms.slice(warmup))));
  const peakMb = byWay(way => summary(runs[way].map(run => run.peak_mb)));
  const faster: Way = ms.contiguous.median <= ms.channels_last.median ? 'contiguous' : 'channels_last';
  return {
    faster,
    timeRatio: rounded(ms.ours.median / ms[faster].median),
    timeRatioByRound: runs.ours.map((_, round) => timeRatio(runs, round, warmup)),
    peakRatio: rounded(peakMb.ours.median / peakMb[faster].median),
    ms,
    cpuMs: summary(runs.ours.flatMap(run => run.cpu_ms!.slice(warmup))),
    firstMs: byWay(way => summary(runs[way].map(run => run.ms[0]!))),
    peakMb,
  };
}

function timeRatio(runs: Runs<TimedRun>, round: number, warmup: number): number {
  const { ours, contiguous, channels_last } = byWay(way => summary(runs[way][round]!.ms.slice(warmup)));
  return rounded(ours.median / Math.min(contiguous.median, channels_last.median));
}

function byWay(value: (way: Way) => Summary): Record<Way, Summary> {
  return { ours: value('ours'), contiguous: value('contiguous'), channels_last: value('channels_last') };
}
