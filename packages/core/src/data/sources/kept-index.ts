/** What opening a large file found out, kept in the user's cache folder so that the next opening need not look again. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { writeAtomic } from '../../io/atomic-file.ts';
import { cacheFolder } from '../../user-cache.ts';
import { digest } from '../dataset.ts';
import type { ArchiveFile } from './archive-files.ts';

/** Goes up when what is kept changes its form. */
const VERSION = 1;

export interface IndexPlace {
  readonly folder: string;
  /** What else the index depends on: the kind of file, and options. */
  readonly of: string;
}

/** Default folder of the indexes. */
export function indexFolder(): string {
  return cacheFolder('index');
}

/**
 * The index of a file: the kept one, while path, size and time of change are the same, else made now and kept. A folder that cannot be
 * written, or a kept index that is damaged, only costs the time to make it.
 */
export async function keptIndex<T>(place: IndexPlace, file: ArchiveFile, make: () => Promise<T>): Promise<T> {
  try {
    return deserialize(await readFile(pathOf(place, file))) as T;
  } catch {
    const made = await make();
    await writeAtomic(pathOf(place, file), out => out.write(serialize(made))).catch(() => undefined);
    return made;
  }
}

/** The kept index, if there is one. */
export function keptIndexNow<T>(place: IndexPlace, file: ArchiveFile): T | undefined {
  try {
    return deserialize(readFileSync(pathOf(place, file))) as T;
  } catch {
    return undefined;
  }
}

function pathOf({ folder, of }: IndexPlace, { stamp }: ArchiveFile): string {
  return join(folder, `${digest(`${VERSION} ${of} ${stamp}`).slice(0, 32)}.index`);
}
