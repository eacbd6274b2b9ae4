import { open, readFile } from 'node:fs/promises';
import type { SkippedImage } from './dataset.ts';
import { readImageHeader } from './decode.ts';
import { fileFault } from './file-fault.ts';
import { extension, IN_FLIGHT, listFiles } from './list-files.ts';
import { forEachLimited } from './parallel.ts';
import { filterPaths, type PathTable } from './path-table.ts';

/** The pictures of a folder. */
export interface ListedPictures {
  readonly paths: PathTable;
  readonly skipped: readonly SkippedImage[];
}

/** Extensions of pictures that can be decoded, in lower case. */
export const READABLE: ReadonlySet<string> = new Set([
  'jpg',
  'jpeg',
  'png',
  'webp',
  'avif',
  'gif',
  'tif',
  'tiff',
  'npy',
]);
/** Pictures to people, but not to the decoder: they are named among the skipped instead of missing in silence. */
const UNREADABLE = new Set(['bmp', 'heic', 'heif', 'jp2', 'jxl', 'tga']);

/** Enough for the header of almost every picture; where it is not, the whole file is read. */
const HEADER_BYTES = 65_536;

/**
 * Every picture below `dir`, ordered by path. Formats that cannot be decoded are skipped.
 * @throws DataError when `dir` cannot be listed.
 */
export async function listPictures(dir: string): Promise<ListedPictures> {
  let unreadable = 0;
  const paths = await listFiles('imageFolder', dir, name => {
    if (UNREADABLE.has(name)) unreadable++;
    return READABLE.has(name) || UNREADABLE.has(name);
  });
  const faults = new Map<number, string>();
  for (let i = 0; i < paths.size && faults.size < unreadable; i++) {
    const format = extension(paths.at(i));
    if (UNREADABLE.has(format)) faults.set(i, `${format.toUpperCase()} cannot be read: convert it to PNG`);
  }
  return withoutFaults({ paths, skipped: [] }, faults);
}

/** The same without the files at the keys of `faults`, which are named among the skipped. */
export function withoutFaults({ paths, skipped }: ListedPictures, faults: ReadonlyMap<number, string>): ListedPictures {
  if (faults.size === 0) return { paths, skipped };
  const broken = Array.from(faults, ([i, reason]) => ({ path: paths.at(i), reason }));
  return {
    paths: filterPaths(paths, i => !faults.has(i)),
    skipped: [...skipped, ...broken].sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** Why a file of so many bytes cannot be a picture, where that is enough to know. */
export function sizeFault(bytes: number): string | undefined {
  if (bytes === -1) return 'no such file';
  if (bytes < 0) return 'no regular file';
  return bytes === 0 ? 'empty file (0 bytes)' : undefined;
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

async function readHead(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
