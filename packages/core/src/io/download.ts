/** Files fetched once, over connections that break: resumed, checked, and whole or not there at all. */
import { existsSync } from 'node:fs';
import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, DataError, SSLError } from '../errors.ts';
import { fileHash } from '../file-hash.ts';
import { takeLock } from '../file-lock.ts';
import { type Attempt, fetchRest, Interrupted } from './download-attempt.ts';
import { type PartialFile, partialFile } from './partial-file.ts';

export interface DownloadProgress {
  /** `wait`: another process fetches the same file. */
  readonly phase: 'wait' | 'download' | 'verify';
  /** Bytes. */
  readonly done: number;
  /** Bytes; 0 while unknown. */
  readonly total: number;
}

export interface DownloadOptions {
  readonly url: string;
  /** The file it becomes. Folders on the way are made. */
  readonly to: string;
  /** In hexadecimal. One of the two should be given: without, nothing but the size says that the file is the right one. */
  readonly sha256?: string | undefined;
  readonly md5?: string | undefined;
  /** Its exact size. */
  readonly bytes?: number | undefined;
  /** Where it lies on a mirror, as `cifar10/cifar-10-binary.tar.gz`: with `SSL_MIRROR` set, it is fetched from there instead of from `url`. */
  readonly mirrorPath?: string | undefined;
  readonly onProgress?: ((event: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Attempts after one that brought next to nothing. Default 5. */
  readonly retries?: number;
  /** The wait before the first of them; it doubles each time. Default 1 s. */
  readonly backoffMs?: number;
  /** A connection that brings no byte for this long is given up. Default 60 s. */
  readonly stallMs?: number;
}

export interface Download {
  readonly path: string;
  readonly bytes: number;
  /** True when it was there, with the right checksum. */
  readonly already: boolean;
}

/** An attempt that brought this much counts as progress, so that a long download may be cut any number of times. */
const PROGRESS_BYTES = 1 << 20;
const LONGEST_WAIT_MS = 60_000;

/**
 * Fetches a file. May be interrupted at any moment, also by a kill, and goes on where it was; several processes may ask for the same file.
 * @throws DataError when it is not there (4xx), cannot be had after `retries` attempts, has a wrong size or checksum, or does not fit on the disk.
 * @throws ConfigError when `SSL_MIRROR` is no address.
 */
export async function download(options: DownloadOptions): Promise<Download> {
  const { to, signal, onProgress } = options;
  const url = sourceOf(options);
  try {
    await mkdir(dirname(to), { recursive: true });
    const onWait = (): void => onProgress?.({ phase: 'wait', done: 0, total: 0 });
    const lock = await takeLock(`${to}.lock`, { signal, onWait });
    try {
      const already = existsSync(to) && (await wrongContent(to, options)) === undefined;
      if (!already) await fetchWhole({ ...options, url });
      return { path: to, bytes: (await stat(to)).size, already };
    } finally {
      lock.release();
    }
  } catch (error) {
    throw explained(error, to);
  }
}

/** The address that is asked: `url`, or the file on the mirror in `SSL_MIRROR`. */
export function sourceOf({ url, mirrorPath }: Pick<DownloadOptions, 'url' | 'mirrorPath'>): string {
  const mirror = process.env.SSL_MIRROR;
  if (!mirror || mirrorPath === undefined) return url;
  if (!/^https?:\/\/./.test(mirror)) {
    throw new ConfigError(`SSL_MIRROR: must start with http:// or https://; got '${mirror}'; correct it or unset it`);
  }
  return `${mirror.replace(/\/+$/, '')}/${mirrorPath}`;
}

async function fetchWhole(options: DownloadOptions): Promise<void> {
  const { url, to } = options;
  const partial = partialFile(to);
  for (let fresh = (await partial.size()) === 0; ; fresh = true) {
    await fetchPersistently(options, partial);
    const wrong = await wrongContent(partial.path, options);
    if (wrong === undefined) return partial.finish();
    await partial.discard();
    // What an earlier process left may have been damaged, or of another version of the file: once more from the start.
    if (fresh) {
      throw new DataError(
        `download: ${url} must have ${wrong.rule}; got ${wrong.got}; the file or the way to it has changed: try again, or set SSL_MIRROR to a server you trust`,
      );
    }
  }
}

async function fetchPersistently(options: DownloadOptions, partial: PartialFile): Promise<void> {
  const { url, bytes, retries = 5, backoffMs = 1000, stallMs = 60_000, signal, onProgress } = options;
  const attempt: Attempt = {
    url,
    checked: options.sha256 !== undefined || options.md5 !== undefined,
    bytes,
    stallMs,
    signal,
    onBytes: (done, total) => onProgress?.({ phase: 'download', done, total: total || bytes || 0 }),
  };
  for (let failures = 0; ; ) {
    const before = await partial.size();
    const total = bytes ?? (await partial.remote()).total;
    if (total !== undefined && before === total) return;
    await requireSpace(partial.path, (total ?? 0) - before);
    try {
      return await fetchRest(attempt, partial);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      failures = (await partial.size()) - before >= PROGRESS_BYTES ? 1 : failures + 1;
      if (failures > retries) {
        throw new DataError(
          `download: ${url} must be reachable; got: ${error.message}, after ${failures} attempts; check the network and try again (what has arrived is kept)`,
          { cause: error },
        );
      }
      const wait = error.waitMs ?? backoffMs * 2 ** (failures - 1);
      await sleep(Math.min(wait, LONGEST_WAIT_MS), undefined, { signal });
    }
  }
}

async function wrongContent(
  file: string,
  { sha256, md5, bytes, signal, onProgress }: DownloadOptions,
): Promise<{ rule: string; got: string } | undefined> {
  const { size } = await stat(file);
  if (bytes !== undefined && size !== bytes) return { rule: `${bytes} bytes`, got: `${size}` };
  for (const [algorithm, expected] of [['sha256', sha256] as const, ['md5', md5] as const]) {
    if (expected === undefined) continue;
    let done = 0;
    const onBytes = (count: number): void => {
      done += count;
      onProgress?.({ phase: 'verify', done, total: size });
    };
    const got = await fileHash(file, algorithm, { signal, onBytes });
    if (got !== expected.toLowerCase()) return { rule: `the ${algorithm.toUpperCase()} ${expected}`, got };
  }
  return undefined;
}

async function requireSpace(file: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(file));
  if (bavail * bsize >= bytes) return;
  const megabytes = (value: number): string => `${(value / 1e6).toFixed(1)} MB`;
  throw new DataError(
    `download: ${megabytes(bytes)} must be free in ${dirname(file)}; got ${megabytes(bavail * bsize)}; free some space, or give a folder on a larger disk`,
  );
}

/** Turns the file system's error codes into something to act on; other errors pass unchanged. */
function explained(error: unknown, to: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (SSLError.isInstance(error) || typeof code !== 'string') return error;
  const reason = {
    ENOSPC: 'the disk is full',
    EDQUOT: 'the quota is used up',
    EFBIG: 'files may not get as long (ulimit -f)',
    EACCES: 'it is not writable',
    EPERM: 'it is not writable',
    EROFS: 'it is read-only',
    ENOTDIR: 'it is not a folder',
    EEXIST: 'it is not a folder',
  }[code];
  if (reason === undefined) return error;
  return new DataError(
    `download: ${dirname(to)} must take the file; got ${code}: ${reason}; free some space there, or give another folder`,
    { cause: error },
  );
}

/** Deletes a downloaded file and what an unfinished download left. */
export async function removeDownload(to: string): Promise<void> {
  await rm(to, { force: true });
  await partialFile(to).discard();
}
