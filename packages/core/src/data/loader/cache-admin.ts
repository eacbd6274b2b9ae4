/** What there is of pixel caches on this machine: to look at, to check, to clear. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { ownerIsAlive } from '../../file-lock.ts';
import { isSoundBlock } from './cache-block.ts';
import { aboutFile, blockCount, blockFile, type PixelCacheAbout, pixelCacheFolder } from './pixel-cache.ts';

export interface PixelCacheEntry {
  /** Of the data set. */
  readonly name: string;
  readonly path: string;
  readonly pictures: number;
  /** Width and height of the squares, pixels. */
  readonly size: number;
  /** On disk. */
  readonly bytes: number;
  readonly lastUsed: Date;
  /** Whether all blocks are there. */
  readonly complete: boolean;
}

/** The caches in `folder`, the one used last first. */
export async function listPixelCaches(folder: string = pixelCacheFolder()): Promise<PixelCacheEntry[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(names.map(name => entryOf(join(folder, name))));
  return found.filter(entry => entry !== undefined).sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

/**
 * Checks the hash of every block.
 * @returns a line for each fault; none when the cache is whole.
 * @throws ConfigError when there is no cache at `path`.
 */
export async function verifyPixelCache(
  path: string,
  onProgress?: (done: number, total: number) => void,
): Promise<string[]> {
  const about = await aboutOf(path);
  if (!about) throw new ConfigError(`verifyPixelCache: the path must be that of a pixel cache; got "${path}"`);
  const faults: string[] = [];
  const blocks = blockCount(about);
  for (let block = 0; block < blocks; block++) {
    const file = blockFile(path, block);
    if (!existsSync(file)) faults.push(`${file} is missing: it is made when the cache is next used`);
    else if (!(await isSoundBlock(file))) {
      faults.push(`${file} has other bytes than were written: remove it, and it is made again`);
    }
    onProgress?.(block + 1, blocks);
  }
  return faults;
}

export interface ClearOptions {
  /** Caches of the data set of this name only. */
  readonly name?: string;
  readonly folder?: string;
}

/**
 * Removes caches that no process is building. A run that reads from one fails with a message that says so.
 * @returns bytes that became free.
 */
export async function clearPixelCaches({ name, folder = pixelCacheFolder() }: ClearOptions = {}): Promise<number> {
  let freed = 0;
  for (const cache of await listPixelCaches(folder)) {
    const lock = `${cache.path}.lock`;
    if ((name !== undefined && cache.name !== name) || ownerIsAlive(lock)) continue;
    await rm(cache.path, { recursive: true, force: true });
    await rm(lock, { force: true });
    freed += cache.bytes;
  }
  return freed;
}

async function entryOf(path: string): Promise<PixelCacheEntry | undefined> {
  const about = await aboutOf(path);
  if (!about) return undefined;
  const { name, count: pictures, size } = about;
  const files = await readdir(path).catch(() => []);
  const sizes = await Promise.all(
    files.map(file =>
      stat(join(path, file)).then(
        ({ size: bytes }) => bytes,
        () => 0,
      ),
    ),
  );
  const { mtime: lastUsed } = await stat(path);
  const complete = files.filter(file => file.endsWith('.pixels')).length === blockCount(about);
  return { name, path, pictures, size, bytes: sizes.reduce((a, b) => a + b, 0), lastUsed, complete };
}

async function aboutOf(path: string): Promise<PixelCacheAbout | undefined> {
  try {
    return JSON.parse(await readFile(aboutFile(path), 'utf8')) as PixelCacheAbout;
  } catch {
    return undefined;
  }
}
