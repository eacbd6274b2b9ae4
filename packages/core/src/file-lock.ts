/** One process at a time for each file or folder, also between machines that share a home directory. */
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { currentOwner, type Owner, runsHere } from './process-owner.ts';

export interface Lock {
  release(): void;
}

const RETRY_MS = 300;
const HEARTBEAT_MS = 5000;
/** A process on another machine counts as dead when its file was not touched for this long. */
const SILENCE_MS = 60_000;

/** Whether the owner that `file` names still runs. A file that cannot be read has no owner. */
export function ownerIsAlive(file: string): boolean {
  let owner: Owner;
  let age: number;
  try {
    owner = JSON.parse(readFileSync(file, 'utf8')) as Owner;
    age = Date.now() - statSync(file).mtimeMs;
  } catch {
    return false;
  }
  if (owner.host !== hostname()) return age < SILENCE_MS;
  return runsHere(owner);
}

/**
 * Waits until this process alone holds `file`, then keeps touching it. The lock of a dead process is taken over.
 * Two processes that take over at the same instant may both go on; their work must be safe against that (written aside, renamed), so that it is only waste.
 * @param onWait called once when another live process holds it.
 */
export async function takeLock(
  file: string,
  { signal, onWait }: { signal?: AbortSignal | undefined; onWait?: () => void } = {},
): Promise<Lock> {
  const own = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  for (let waited = false; ; ) {
    signal?.throwIfAborted();
    writeFileSync(own, JSON.stringify(currentOwner()));
    if (claim(own, file)) return held(file);
    if (!ownerIsAlive(file)) {
      discard(file);
      continue;
    }
    if (!waited) onWait?.();
    waited = true;
    await sleep(RETRY_MS, undefined, { signal });
  }
}

/** A link appears with its content in one step and fails where the name is taken; a plain write does neither. */
function claim(own: string, file: string): boolean {
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // A file system without hard links.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    return claimByWriting(file);
  } finally {
    rmSync(own, { force: true });
  }
}

function claimByWriting(file: string): boolean {
  try {
    writeFileSync(file, JSON.stringify(currentOwner()), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function discard(file: string): void {
  const aside = `${file}.dead.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // another waiting process was faster
  }
  rmSync(aside, { force: true });
}

function held(file: string): Lock {
  const heartbeat = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date());
    } catch {
      // Removed by hand; the work itself is safe without it.
    }
  }, HEARTBEAT_MS).unref();
  return {
    release() {
      clearInterval(heartbeat);
      rmSync(file, { force: true });
    },
  };
}
