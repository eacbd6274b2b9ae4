/**
 * Decoded pictures on disk: made once, used by every run and every process that wants the same pictures at the same size. A cache is a
 * folder of block files, each whole or not there (`cache-block.ts`), so that building goes on after the last whole one when it was killed.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../errors.ts';
import { takeLock } from '../../file-lock.ts';
import { removePartials, writeAtomic } from '../../io/atomic-file.ts';
import { cacheFolder } from '../../user-cache.ts';
import { forEachLimited } from '../parallel.ts';
import { bytesOf, isSoundBlock, readBlockTail, readInto, writeBlockFile } from './cache-block.ts';
import { newBlock, type PixelBlock, type PixelLayout, rowBytes, rowLength, setRow } from './pixel-block.ts';
import { type BuildOptions, type PixelStore, READS_IN_FLIGHT } from './pixel-store.ts';
import type { SquareReader } from './square-reader.ts';

/** Of the files' form and of how pictures are decoded: with another number caches are made again. */
const FORMAT = 2;
/** Pixels of a block, in bytes: what a killed build loses at most, and what is in memory while building. */
const BLOCK_BYTES = 32 * 2 ** 20;
/** Caches up to this many bytes are checked whole whenever they are opened (a second or so); of larger ones {@link SAMPLED_BLOCKS}. */
const CHECKED_BYTES = 2 ** 30;
const SAMPLED_BLOCKS = 16;
/** Files held open; systems allow 1,024 by default. */
const OPEN_FILES = 256;

export interface PixelCacheKey extends PixelLayout {
  /** Of the data set, for people. */
  readonly name: string;
  readonly fingerprint: string;
  readonly count: number;
  readonly fit: string;
}

/** `about.json` of a cache. */
export interface PixelCacheAbout extends PixelCacheKey {
  readonly format: number;
  /** Pictures in a block; the last has what is left. */
  readonly blockRows: number;
}

export interface PixelCacheOptions extends BuildOptions {
  /** Holds a folder for each cache. Default: `pixels` in the user's cache folder. */
  readonly folder?: string | undefined;
  /** Pixels of a block, in bytes. Default {@link BLOCK_BYTES}. */
  readonly blockBytes?: number | undefined;
  /** Called once when another process is building this cache and is being waited for. */
  readonly onWait?: (() => void) | undefined;
}

export interface CachedStore extends PixelStore {
  readonly path: string;
  readonly failures: ReadonlyMap<number, string>;
}

export function pixelCacheFolder(): string {
  return cacheFolder('pixels');
}

/**
 * Opens the cache of these pictures, and builds what is missing or damaged.
 * @throws CheckpointError when the disk is full or cannot be written; what was built stays.
 */
export async function cachedStore(
  key: PixelCacheKey,
  read: SquareReader,
  options: PixelCacheOptions = {},
): Promise<CachedStore> {
  const { folder = pixelCacheFolder(), blockBytes = BLOCK_BYTES, onWait, signal } = options;
  const about: PixelCacheAbout = {
    ...key,
    format: FORMAT,
    blockRows: Math.max(1, Math.floor(blockBytes / rowBytes(key))),
  };
  const path = join(folder, folderName(key));
  await mkdir(path, { recursive: true });
  const lock = await takeLock(`${path}.lock`, { signal, ...(onWait && { onWait }) });
  try {
    await removePartials(path);
    await writeAtomic(aboutFile(path), sink => sink.write(Buffer.from(JSON.stringify(about))));
    await build(path, about, read, options);
  } finally {
    lock.release();
  }
  await utimes(path, new Date(), new Date()); // when it was last used
  return openStore(path, about);
}

export function aboutFile(path: string): string {
  return join(path, 'about.json');
}

export function blockFile(path: string, block: number): string {
  return join(path, `${String(block).padStart(6, '0')}.pixels`);
}

export function blockCount({ count, blockRows }: PixelCacheAbout): number {
  return Math.ceil(count / blockRows);
}

function rowsIn({ count, blockRows }: PixelCacheAbout, block: number): number {
  return Math.min(blockRows, count - block * blockRows);
}

/** What identifies a cache, short enough for the name of a folder. */
function folderName({ name, fingerprint, count, size, channels, depth, fit }: PixelCacheKey): string {
  const identity = JSON.stringify([FORMAT, fingerprint, count, size, channels, depth, fit]);
  const readable = name.replaceAll(/[^\w.-]+/g, '-').slice(-40);
  return `${readable}-${size}-${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`;
}

async function build(
  path: string,
  about: PixelCacheAbout,
  read: SquareReader,
  { onProgress, signal }: PixelCacheOptions,
): Promise<void> {
  const missing = await unsoundBlocks(path, about);
  let done = about.count - missing.reduce((sum, block) => sum + rowsIn(about, block), 0);
  for (const block of missing) {
    const squares = newBlock(about, rowsIn(about, block));
    const unreadable: [number, string][] = [];
    await forEachLimited(squares.count, READS_IN_FLIGHT, async row => {
      signal?.throwIfAborted();
      const square = await read(block * about.blockRows + row);
      if (typeof square === 'string') unreadable.push([row, square]);
      else setRow(squares, row, square);
      onProgress?.(++done, about.count);
    });
    unreadable.sort(([a], [b]) => a - b);
    await writeBlockFile(blockFile(path, block), squares, unreadable);
  }
}

/** Blocks that are not there, have another form, or, as far as they are looked at, other bytes than were written. */
async function unsoundBlocks(path: string, about: PixelCacheAbout): Promise<number[]> {
  const blocks = blockCount(about);
  const every = about.count * rowBytes(about) <= CHECKED_BYTES ? 1 : Math.ceil(blocks / SAMPLED_BLOCKS);
  const unsound: number[] = [];
  await forEachLimited(blocks, 2, async block => {
    const file = blockFile(path, block);
    const formed = (await readBlockTail(file, about, rowsIn(about, block))) !== undefined;
    if (!formed || (block % every === 0 && !(await isSoundBlock(file)))) unsound.push(block);
  });
  return unsound.sort((a, b) => a - b);
}

async function openStore(path: string, about: PixelCacheAbout): Promise<CachedStore> {
  const { count, blockRows } = about;
  const [widths, heights] = [new Uint32Array(count), new Uint32Array(count)];
  const failures = new Map<number, string>();
  for (let block = 0; block < blockCount(about); block++) {
    const first = block * blockRows;
    const tail = await readBlockTail(blockFile(path, block), about, rowsIn(about, block));
    if (!tail) throw gone(path);
    widths.set(tail.widths, first);
    heights.set(tail.heights, first);
    for (const [row, reason] of tail.unreadable) failures.set(first + row, reason);
  }
  const files = openFiles(block => open(blockFile(path, block)));
  return {
    layout: about,
    path,
    failures,
    async fill(into, row, index) {
      const reason = failures.get(index);
      if (reason !== undefined) return reason;
      const file = await files.get(Math.floor(index / blockRows)).catch(() => {
        throw gone(path);
      });
      await readInto(file, (index % blockRows) * rowBytes(about), rowOf(into, row));
      into.widths[row] = widths[index]!;
      into.heights[row] = heights[index]!;
      return undefined;
    },
    close: () => files.close(),
  };
}

/** The bytes of a row. */
function rowOf(block: PixelBlock, row: number): Uint8Array {
  const length = rowLength(block);
  return bytesOf(block.data.subarray(row * length, (row + 1) * length));
}

function gone(path: string): DataError {
  return new DataError(
    `pixel cache: ${path} must stay while it is used; got a block that is no longer there; start again, it is then made anew`,
  );
}

/** Files that are opened when they are asked for; of too many the one opened first is closed. */
function openFiles(opened: (block: number) => Promise<FileHandle>): {
  get(block: number): Promise<FileHandle>;
  close(): Promise<void>;
} {
  const handles = new Map<number, Promise<FileHandle>>();
  const shut = async (handle: Promise<FileHandle>): Promise<void> => (await handle.catch(() => undefined))?.close();
  return {
    get(block) {
      let handle = handles.get(block);
      if (!handle) {
        handle = opened(block);
        handles.set(block, handle);
        const oldest = handles.size > OPEN_FILES ? handles.entries().next().value : undefined;
        if (oldest) {
          handles.delete(oldest[0]);
          // Not at once: a read that was just handed this file may still be under way.
          setTimeout(() => void shut(oldest[1]), 10_000).unref();
        }
      }
      return handle;
    },
    close: async () => {
      await Promise.all([...handles.values()].map(shut));
    },
  };
}
