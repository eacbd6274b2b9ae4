import type { Dirent } from 'node:fs';
import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../errors.ts';
import type { SkippedImage } from './dataset.ts';
import { readImageHeader, reasonOf } from './decode.ts';
import { forEachLimited } from './parallel.ts';

/** A file of a folder of images. */
export interface ListedFile {
  /** Below the folder, with `/` on every platform. */
  readonly path: string;
  readonly bytes: number;
}

const READABLE = new Set(['jpg', 'jpeg', 'png', 'webp', 'avif', 'gif', 'tif', 'tiff']);
/** Pictures to people, but not to the decoder: they are named among the skipped instead of missing in silence. */
const UNREADABLE = new Set(['bmp', 'heic', 'heif', 'jp2', 'jxl', 'tga']);

/** Enough for the header of almost every picture; where it is not, the whole file is read. */
const HEADER_BYTES = 65_536;
/** File-system calls in flight. Node serves them from a few threads, so more would only wait. */
const IN_FLIGHT = 16;

/**
 * Every picture below `dir`, ordered by path (by code unit, so the same on every machine). Names that start with a dot are ignored,
 * links are followed, empty files and formats that cannot be decoded are skipped.
 * @throws DataError when `dir` cannot be listed.
 */
export async function listPictures(dir: string): Promise<{ files: ListedFile[]; skipped: SkippedImage[] }> {
  const paths = (await walk(dir, '', [await realDirectory(dir)])).sort();
  const sizes = new Float64Array(paths.length);
  const skipped: SkippedImage[] = [];
  await forEachLimited(paths.length, IN_FLIGHT, async i => {
    sizes[i] = await stat(join(dir, paths[i]!)).then(
      found => found.size,
      () => -1,
    );
  });
  const files = paths.flatMap((path, i) => {
    const reason = whyNot(path, sizes[i]!);
    if (reason === undefined) return [{ path, bytes: sizes[i]! }];
    skipped.push({ path, reason });
    return [];
  });
  return { files, skipped };
}

/** The reason why a file's header shows that it is no picture, or `undefined` where it looks like one. */
export async function headerFault(file: string): Promise<string | undefined> {
  try {
    const head = await readHead(file);
    try {
      await readImageHeader(head);
    } catch {
      await readImageHeader(await readFile(file));
    }
    return undefined;
  } catch (error) {
    return fileFault(error);
  }
}

/** A decoder's reason, or the file system's ("no such file", "permission denied") in plain words. */
export function fileFault(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return reasonOf(error);
}

/** Checks `indices` of the files with `fault`, a few at once; returns what was found, by rising index. */
export async function findFaults(
  indices: ArrayLike<number>,
  fault: (index: number) => Promise<string | undefined>,
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  await forEachLimited(indices.length, IN_FLIGHT, async i => {
    const reason = await fault(indices[i]!);
    if (reason !== undefined) found.set(indices[i]!, reason);
  });
  return new Map([...found].sort(([a], [b]) => a - b)); // they end in any order
}

async function realDirectory(dir: string): Promise<string> {
  try {
    if (!(await stat(dir)).isDirectory()) throw new Error('a file');
    return await realpath(dir);
  } catch (error) {
    const got =
      error instanceof Error && error.message === 'a file'
        ? `"${dir}", which is a file`
        : `"${dir}": ${fileFault(error)}`;
    throw new DataError(`imageFolder: the folder must exist and be readable; got ${got}; check the path`, {
      cause: error,
    });
  }
}

/** @param above the real paths of the folders on the way down: a link back to one of them would never end. */
async function walk(dir: string, below: string, above: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(dir, below), { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (await isDirectory(entry, join(dir, path))) {
      const real = await realpath(join(dir, path));
      if (!above.includes(real)) for (const file of await walk(dir, path, [...above, real])) found.push(file);
    } else if (READABLE.has(extension(path)) || UNREADABLE.has(extension(path))) found.push(path);
  }
  return found;
}

async function isDirectory(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return stat(path).then(
    found => found.isDirectory(),
    () => false,
  );
}

function whyNot(path: string, bytes: number): string | undefined {
  if (bytes < 0) return 'no such file';
  if (bytes === 0) return 'empty file (0 bytes)';
  if (UNREADABLE.has(extension(path))) return `${extension(path).toUpperCase()} cannot be read: convert it to PNG`;
  return undefined;
}

function extension(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1).toLowerCase();
}

async function readHead(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
