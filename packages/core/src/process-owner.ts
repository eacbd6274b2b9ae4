/** Who holds a lock file: enough to tell a process from a later one with the same number. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Clock ticks from boot to its start, where the system tells. */
  readonly started?: string;
}

/** This process. */
export function currentOwner(): Owner {
  const started = startOf(process.pid);
  return { host: hostname(), pid: process.pid, ...(started !== undefined && { started }) };
}

/** Whether a process of this machine still runs; nothing is known of another machine's. */
export function runsHere({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return started === undefined || started === startOf(pid);
}

function startOf(pid: number): string | undefined {
  try {
    // Field 22 of proc_pid_stat(5); the second, the program's name, may hold spaces and brackets.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
  } catch {
    return undefined;
  }
}
