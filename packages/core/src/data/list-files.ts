import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DataError } from '../errors.ts';
import { systemFault } from './file-fault.ts';
import { forEachLimited } from './parallel.ts';
import { type PathTable, type PathTableBuilder, pathTableBuilder } from './path-table.ts';

/** File-system calls in flight. Node serves them from a few threads, so more would only wait. */
export const IN_FLIGHT = 16;

/**
 * The files below `dir` that are `wanted`, ordered by path (by code unit, so the same on every machine). Names that start with a dot are
 * ignored, links are followed, but not back to a folder on the way. One folder's names at a time are held beside the table.
 * @param who the caller, for messages.
 * @param wanted asked with the extension in lower case, without the dot.
 * @throws DataError when `dir` or a folder below cannot be listed.
 */
export async function listFiles(who: string, dir: string, wanted: (extension: string) => boolean): Promise<PathTable> {
  const found = pathTableBuilder();
  const real = await realDirectory(who, dir);
  await walk(
    { who, dir, wanted, found },
    { below: '', above: [real], keys: await keysOf({ who, dir, wanted, found }, '') },
  );
  return found.finish();
}

/** Bytes of the files at `indices`, by path; −1 where there is none. */
export async function fileSizes(
  dir: string,
  paths: PathTable,
  indices: ArrayLike<number>,
): Promise<Map<string, number>> {
  const sizes = new Float64Array(indices.length);
  await forEachLimited(indices.length, IN_FLIGHT, async i => {
    sizes[i] = await fileSize(resolve(dir, paths.at(indices[i]!)));
  });
  return new Map(Array.from(indices, (index, i) => [paths.at(index), sizes[i]!]));
}

/** Bytes of a file; −1 where there is none, −2 for a pipe or device, from which reading may never end. */
export async function fileSize(file: string): Promise<number> {
  return stat(file).then(
    found => (found.isFile() ? found.size : -2),
    () => -1,
  );
}

/** In lower case, without the dot; the whole name where there is none. */
export function extension(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1).toLowerCase();
}

interface Search {
  readonly who: string;
  readonly dir: string;
  readonly wanted: (extension: string) => boolean;
  readonly found: PathTableBuilder;
}

interface Folder {
  /** Its path below the folder of the search, `''` for that itself. */
  readonly below: string;
  /** The real paths of the folders on the way down: a link back to one of them would never end. */
  readonly above: readonly string[];
  /** In order. Those of folders end in `/`, so that they stand where the paths below them belong. */
  readonly keys: readonly string[];
}

async function walk(search: Search, { below, above, keys }: Folder): Promise<void> {
  const subfolders = keys.filter(key => key.endsWith('/')).map(key => joined(below, key.slice(0, -1)));
  const listed = ahead(subfolders.length, async place => {
    const real = await realpath(join(search.dir, subfolders[place]!));
    return above.includes(real) ? undefined : { real, keys: await keysOf(search, subfolders[place]!) };
  });
  let place = 0;
  for (const key of keys) {
    if (!key.endsWith('/')) {
      search.found.add(below, key);
      continue;
    }
    const folder = await listed(place);
    if (folder) await walk(search, { below: subfolders[place]!, above: [...above, folder.real], keys: folder.keys });
    place++;
  }
}

/** Reads ahead, so that folders on slow storage are listed several at once. Results must be asked for in order. */
function ahead<T>(count: number, work: (place: number) => Promise<T>): (place: number) => Promise<T> {
  const started: Promise<T>[] = [];
  return async place => {
    while (started.length < Math.min(count, place + IN_FLIGHT)) {
      const result = work(started.length);
      result.catch(() => undefined); // whoever asks for it gets the error; an earlier one may end it all
      started.push(result);
    }
    const result = await started[place]!;
    delete started[place];
    return result;
  };
}

async function keysOf({ who, dir, wanted }: Search, below: string): Promise<string[]> {
  const path = join(dir, below);
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(who, `"${path}": ${systemFault(error) ?? (error as Error).message}`, error);
  });
  const keys: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    if (await isDirectory(entry, join(path, entry.name))) keys.push(`${entry.name}/`);
    else if (wanted(extension(entry.name))) keys.push(entry.name);
  }
  return keys.sort();
}

async function isDirectory(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return stat(path).then(
    found => found.isDirectory(),
    () => false,
  );
}

async function realDirectory(who: string, dir: string): Promise<string> {
  try {
    if ((await stat(dir)).isDirectory()) return await realpath(dir);
  } catch (error) {
    throw unreadable(who, `"${dir}": ${systemFault(error) ?? (error as Error).message}`, error);
  }
  throw unreadable(who, `"${dir}", which is a file`);
}

function unreadable(who: string, got: string, cause?: unknown): DataError {
  return new DataError(`${who}: the folder must exist and be readable; got ${got}; check the path`, { cause });
}

function joined(below: string, name: string): string {
  return below === '' ? name : `${below}/${name}`;
}
