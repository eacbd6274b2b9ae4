import { readFile } from 'node:fs/promises';
import { DataError } from '@ssl/core/data';

/** The lines of a file that are not empty. Throws `DataError` when it cannot be read. */
export async function readNames(file: string): Promise<string[]> {
  try {
    const text = await readFile(file, 'utf8');
    return text.split(/\r?\n/).filter(line => line.trim() !== '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DataError(`${file}: must be readable; got ${code}; check the folder`, { cause: error });
  }
}
