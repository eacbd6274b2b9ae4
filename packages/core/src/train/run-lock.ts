/** One process at a time works in a run folder: two would overwrite each other's checkpoints and mix their metrics. */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { ConfigError } from '../errors.ts';
import { removePartials } from '../io/atomic-file.ts';
import type { RunFolder } from './run-folder.ts';

/** A process, told apart from a later one with the same number. */
interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Clock ticks from boot to its start, where the system tells. */
  readonly started?: string;
}

export interface RunLock {
  release(): Promise<void>;
}

/**
 * Makes the folder and claims it for this process, and removes what writers that were killed left there. The claim of a process that is gone is
 * taken over; one from another machine too, since nobody here can see whether that process lives.
 *
 * Throws `ConfigError` when another process is at work in the folder, or it cannot be written.
 */
export async function lockRun({ path, lock }: RunFolder): Promise<RunLock> {
  const made = await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw unusable(path, error);
  });
  if (!(await claimed(path, lock))) {
    const owner = await ownerOf(lock);
    if (owner && isAlive(owner)) {
      throw new ConfigError(
        `pretrain: one process at a time may use a run folder; ${path} is in use by process ${owner.pid}; wait for it, stop it, or choose another folder`,
      );
    }
    await rm(lock, { force: true });
    if (!(await claimed(path, lock)))
      throw new ConfigError(`pretrain: another process took ${path} at this moment; choose another folder`);
  }
  await removePartials(path);
  return {
    release: async () => {
      await rm(lock, { force: true });
      if (made !== undefined) await rmdir(path).catch(() => undefined); // stays, unless nothing came of the run
    },
  };
}

async function claimed(path: string, lock: string): Promise<boolean> {
  const started = startOf(process.pid);
  const owner: Owner = { host: hostname(), pid: process.pid, ...(started !== undefined && { started }) };
  try {
    await writeFile(lock, JSON.stringify(owner), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unusable(path, error);
  }
}

async function ownerOf(lock: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(lock, 'utf8')) as Owner;
  } catch {
    return undefined; // its process was killed between making and filling it
  }
}

function isAlive({ host, pid, started }: Owner): boolean {
  if (host !== hostname()) return false;
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

function unusable(path: string, error: unknown): ConfigError {
  return new ConfigError(
    `pretrain: out must be a folder that can be written; got ${(error as Error).message}; choose another than ${path}`,
    { cause: error },
  );
}
