/** For tests: a run that dies at each of its changes to the file system in turn, and is resumed. */
import { cpSync, rmSync } from 'node:fs';
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

/** A run that dies while its second checkpoint is written, and then at each change that the resumed run makes before its first step. */
export async function crashResumed(root: string): Promise<CrashReport> {
  liveOn();
  const whole = await smallRun(join(root, 'resumed-whole'));
  const [stopped, out] = [join(root, 'stopped'), join(root, 'resumed')];
  await dies(stopped, journal.indexOf('rename step-000000006.safetensors') + 1);
  const report: CrashReport = { points: [], different: [] };
  for (let count = 1; !report.points.at(-1)?.endsWith('append metrics.jsonl'); count++) {
    cpSync(stopped, out, { recursive: true });
    const label = `${count} ${await dies(out, count, true)}`;
    report.points.push(label);
    if ((await smallRun(out, { resume: true })) !== whole) report.different.push(label);
    rmSync(out, { recursive: true });
  }
  return report;
}

/** @returns the change at which it died */
async function dies(out: string, count: number, resume = false): Promise<string> {
  dieAt(count);
  let died = false;
  await smallRun(out, { resume }).catch((error: Error) => {
    died = error instanceof Died || error.cause instanceof Died;
    if (!died) throw error;
  });
  const label = journal[count - 1]!;
  liveOn(out);
  if (!died) throw new Error(`the run must die at change ${count}; it did not`);
  return label;
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
