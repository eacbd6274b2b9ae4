/** `metrics.jsonl`: one line of numbers for each step. */
import { existsSync } from 'node:fs';
import { appendFile, open, readFile } from 'node:fs/promises';
import { CheckpointError } from '../errors.ts';
import { writeAtomic } from '../io/index.ts';
import { runFolder } from './run-folder.ts';

/** Appends one line. Throws `CheckpointError` when it cannot. */
export async function appendMetrics(file: string, values: Readonly<Record<string, number>>): Promise<void> {
  try {
    await appendFile(file, `${JSON.stringify(values)}\n`);
  } catch (error) {
    throw new CheckpointError(
      `${file}: must be writable; got ${(error as Error).message}; make room or mend it, then go on with resume: true (the checkpoints are whole)`,
      { cause: error },
    );
  }
}

/** Forces the lines to the disk, so that not even a power cut leaves a checkpoint without the lines before it. */
export async function syncMetrics(file: string): Promise<void> {
  const handle = await open(file, 'r+').catch(() => undefined); // not there: no step was made
  try {
    await handle?.sync().catch(() => undefined); // some file systems cannot
  } finally {
    await handle?.close();
  }
}

/** Drops the lines after `step`: they belong to steps that a resumed run makes again. */
export async function truncateMetrics(file: string, step: number): Promise<void> {
  if (!existsSync(file)) return;
  const kept = (await readFile(file, 'utf8')).split('\n').filter(line => (parsed(line)?.step ?? step + 1) <= step);
  await writeAtomic(file, sink => sink.write(Buffer.from(kept.map(line => `${line}\n`).join(''))));
}

/** All lines of a run's metrics; of a run that is at work, those that are whole. @param path the run folder */
export async function readMetrics(path: string): Promise<Record<string, number>[]> {
  const text = await readFile(runFolder(path).metrics, 'utf8');
  return text
    .split('\n')
    .map(parsed)
    .filter(line => line !== undefined);
}

/** A line that was cut off by a kill is none. */
function parsed(line: string): Record<string, number> | undefined {
  try {
    return JSON.parse(line) as Record<string, number>;
  } catch {
    return undefined;
  }
}
