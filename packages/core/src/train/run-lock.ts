/** One process at a time works in a run folder: two would overwrite each other's checkpoints and mix their metrics. */
import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { ConfigError } from '../errors.ts';
import { removePartials } from '../io/atomic-file.ts';
import { currentOwner, type Owner, runsHere } from '../process-owner.ts';
import type { RunFolder } from './run-folder.ts';

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
    if (owner && owner.host === hostname() && runsHere(owner)) {
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
  try {
    await writeFile(lock, JSON.stringify(currentOwner()), { flag: 'wx' });
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

function unusable(path: string, error: unknown): ConfigError {
  return new ConfigError(
    `pretrain: out must be a folder that can be written; got ${(error as Error).message}; choose another than ${path}`,
    { cause: error },
  );
}
