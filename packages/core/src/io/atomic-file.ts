/** Files that are whole at any moment: written aside, forced to the disk, renamed. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CheckpointError } from '../errors.ts';

/** What a writer is given. Positions only matter for `patch`. */
export interface FileSink {
  /** Appends. */
  write(bytes: Uint8Array): Promise<void>;
  /** Overwrites what was written at `position`. */
  patch(bytes: Uint8Array, position: number): Promise<void>;
}

export interface AtomicOptions {
  /** How long the file will be, for the message when it does not fit. */
  readonly bytes?: number;
}

/** Marks a file that is being written: `.NAME.PID.RANDOM.partial`. */
const PARTIAL = /^\..+\.(\d+)\.[0-9a-f]{8}\.partial$/;
const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EFBIG: 'files may not get as long (ulimit -f)',
};
/** One call to the system writes at most 2 GiB; smaller ones leave the thread pool free in between. */
const CHUNK_BYTES = 64 * 2 ** 20;

const active = new Set<string>();

/**
 * Gives `path` new content, all of it or nothing: at any moment, even after a power cut, the file is the old one or the new one.
 * Folders on the way are made. Throws `CheckpointError` when the disk is full or the folder cannot be written; the old file stays and
 * nothing is left beside it. An error of `writer` itself goes on as it is.
 */
export async function writeAtomic(
  path: string,
  writer: (file: FileSink) => Promise<void>,
  options: AtomicOptions = {},
): Promise<void> {
  const target = resolve(path);
  const directory = dirname(target);
  const partial = join(directory, `.${basename(target)}.${process.pid}.${randomBytes(4).toString('hex')}.partial`);
  active.add(partial);
  const progress: Progress = { written: 0, foreign: false };
  try {
    await mkdir(directory, { recursive: true });
    await writeWhole(partial, writer, progress);
    await rename(partial, target);
    await syncDirectory(directory);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    if (progress.foreign) throw error;
    throw await explained(error, target, directory, Math.max(options.bytes ?? 0, progress.written));
  } finally {
    active.delete(partial);
  }
}

interface Progress {
  written: number;
  /** The writer failed for reasons of its own. */
  foreign: boolean;
}

async function writeWhole(
  partial: string,
  writer: (file: FileSink) => Promise<void>,
  progress: Progress,
): Promise<void> {
  const file = await open(partial, 'wx');
  let diskError: unknown;
  const put = (bytes: Uint8Array, position: number): Promise<void> =>
    writeAll(file, bytes, position).catch((error: unknown) => {
      diskError = error;
      throw error;
    });
  const append = (bytes: Uint8Array): Promise<void> => {
    const position = progress.written;
    progress.written += bytes.length; // counted before, so that a message about a full disk counts what did not fit
    return put(bytes, position);
  };
  try {
    await writer({ write: append, patch: put }).catch((error: unknown) => {
      progress.foreign = error !== diskError;
      throw error;
    });
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.length - done, CHUNK_BYTES), position + done);
    done += bytesWritten;
  }
}

/** Makes the rename itself last. Some file systems cannot, and do not need to. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined);
  if (!handle) return;
  try {
    await handle.sync().catch(() => undefined);
  } finally {
    await handle.close();
  }
}

async function explained(error: unknown, target: string, directory: string, bytes: number): Promise<unknown> {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!code || !FULL[code]) {
    return new CheckpointError(`${target}: must be writable; got ${message}; give another folder`, { cause: error });
  }
  const free = await freeBytes(directory);
  return new CheckpointError(
    `${target}: needs ${megabytes(bytes)}; got ${free} free, and ${FULL[code]}; make room, or give another folder (what was there before is untouched)`,
    { cause: error },
  );
}

async function freeBytes(directory: string): Promise<string> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return megabytes(bavail * bsize);
  } catch {
    return 'an unknown amount';
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Removes what writers that were killed left in a folder; what is being written now stays. */
export async function removePartials(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const pid = PARTIAL.exec(name)?.[1];
    const path = join(resolve(directory), name);
    if (pid !== undefined && !active.has(path) && !isAlive(Number(pid))) await rm(path, { force: true });
  }
}

/** Our own number does not count: only what is in `active` is ours, the rest is from before a restart that gave it out again. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
