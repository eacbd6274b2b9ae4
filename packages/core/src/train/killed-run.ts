/** For tests: the small run in a process of its own, which gets killed or interrupted from inside or outside. */
import { setTimeout as sleep } from 'node:timers/promises';
import { killAt } from './crash-run.ts';
import type { ProgressEvent } from './index.ts';
import { smallMethod, smallRun } from './small-run.ts';

export interface Moment {
  /** While the images are read, after so many. */
  readonly decode?: number;
  /** Just before the `count`-th change to the file system with this label. */
  readonly change?: readonly [label: string, count: number];
}

/** Goes on with the run in `out`, or starts it, until it is killed. Says each step. */
export async function runUntilKilled(out: string, { decode, change }: Moment = {}): Promise<string> {
  if (change) killAt(...change);
  const onProgress = (event: ProgressEvent): void => {
    if (event.phase === 'decode' && event.done === decode) process.kill(process.pid, 'SIGKILL');
    if (event.phase === 'train') console.log(`step ${event.done}`);
  };
  return smallRun(out, { resume: true, onProgress });
}

/** Hangs before its first step. */
export async function hangingRun(out: string): Promise<string> {
  const beforeEpoch = async (): Promise<void> => {
    console.log('hanging');
    await sleep(60_000);
  };
  return smallRun(out, { method: { ...smallMethod(), beforeEpoch } });
}
