/** For tests: a run that dies at each of its changes to the file system in turn, and is resumed. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Died, dieAt, journal, liveOn } from './crash-run.ts';
import { smallRun } from './small-run.ts';

export interface CrashReport {
  /** The change at which the run died, for each try. */
  readonly points: string[];
  /** Those after which the resumed run ended otherwise than one that was left alone. */
  readonly different: string[];
}

/** @param every tries only every so many of the moments. */
export async function crashEverywhere(root: string, every: number): Promise<CrashReport> {
  liveOn();
  const whole = await smallRun(join(root, 'whole'));
  const labels = [...journal];
  const firstRename = labels.findIndex(label => label.startsWith('rename step-'));
  const counts = moments(labels).filter((_, i) => i % every === 0);
  const report: CrashReport = { points: [], different: [] };
  for (const count of counts) {
    const out = join(root, 'run');
    await dies(out, count);
    // Until the first checkpoint is whole nothing is there to be resumed, and starting anew must not be refused.
    const content = await smallRun(out, { resume: count > firstRename + 1 || count % 2 === 0 });
    const label = `${count} ${labels[count - 1]}`;
    report.points.push(label);
    if (content !== whole) report.different.push(label);
    rmSync(out, { recursive: true });
  }
  return report;
}

/** Dies in the run, in the resumed run, and in the one after that. */
export async function crashAgain(root: string, counts: readonly number[]): Promise<boolean> {
  liveOn();
  const whole = await smallRun(join(root, 'again-whole'));
  const out = join(root, 'again');
  for (const count of counts) await dies(out, count, true);
  return (await smallRun(out, { resume: true })) === whole;
}

async function dies(out: string, count: number, resume = false): Promise<void> {
  dieAt(count);
  let died = false;
  await smallRun(out, { resume }).catch((error: Error) => {
    died = error instanceof Died || error.cause instanceof Died;
    if (!died) throw error;
  });
  liveOn(out);
  if (!died) throw new Error(`the run must die at change ${count}; it did not`);
}

/** Of the pieces of one file the first and the last: those between are alike. */
function moments(labels: readonly string[]): number[] {
  const counts = labels.map((_, i) => i + 1);
  return counts.filter(count => {
    const [before, label, after] = [labels[count - 2], labels[count - 1]!, labels[count]];
    if (label.startsWith('append')) return true;
    return !/^(mkdir|rmdir|sync)/.test(label) && (label !== before || label !== after);
  });
}
