import { readFile } from 'node:fs/promises';
import { DataError } from '../errors.ts';
import { writeAtomic } from '../io/atomic-file.ts';
import { type Dataset, subset } from './dataset.ts';
import { fileFault } from './file-fault.ts';

/**
 * The pictures of a list of names, in the dataset's order. A name is what `describe` gives (`n01440764/n01440764_10026.JPEG`) or its last
 * part (`n01440764_10026.JPEG`), as in SimCLR's lists of 1 % and 10 % of ImageNet. Pictures that were left out when the dataset was
 * opened may be named.
 * @throws DataError when the dataset does not name its pictures, when a name fits none or, being a last part, fits several.
 */
export function subsetByNames(dataset: Dataset, names: Iterable<string>): Dataset {
  const { describe, name: who, size, skipped = [] } = dataset;
  if (!describe) throw new DataError(`subsetByNames: the dataset must name its pictures; got ${who}, which does not`);
  const wanted = new Set(names);
  const left = new Set(wanted);
  const rows: number[] = [];
  const byLast = new Map<string, string>(); // the last part of a name, and which picture it is
  for (let index = 0; index < size; index++) {
    const full = describe.call(dataset, index);
    const last = lastPart(full);
    const found = wanted.has(full) ? full : wanted.has(last) ? last : undefined;
    if (found === undefined) continue;
    if (found === last && byLast.has(last)) {
      throw new DataError(
        `subsetByNames: a name must fit one picture; got ${last} for ${byLast.get(last)} and ${full}; give the path`,
      );
    }
    if (found === last) byLast.set(last, full);
    left.delete(found);
    rows.push(index);
  }
  for (const { path } of skipped) for (const each of [path, lastPart(path)]) left.delete(each);
  if (left.size > 0) {
    const [first, ...more] = left;
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    throw new DataError(
      `subsetByNames: every name must fit a picture of ${who}; got ${first}${others}, of ${wanted.size}`,
    );
  }
  return subset(dataset, rows);
}

/**
 * The names in a text file, one in a line. Empty lines are left out.
 * @throws DataError when the file cannot be read or holds no name.
 */
export async function readNames(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new DataError(`readNames: the file must be readable; got "${file}": ${fileFault(error)}`, { cause: error });
  });
  const names = text.split('\n').flatMap(line => line.trim() || []);
  if (names.length === 0)
    throw new DataError(`readNames: the file must hold a name in each line; got none in "${file}"`);
  return names;
}

/**
 * Writes what `describe` says of every picture, one in a line, for {@link readNames}: a list that can be published with a result.
 * @throws DataError when the dataset does not name its pictures.
 */
export async function writeNames(file: string, dataset: Dataset): Promise<void> {
  const { describe, size, name } = dataset;
  if (!describe) throw new DataError(`writeNames: the dataset must name its pictures; got ${name}, which does not`);
  const lines = Array.from({ length: size }, (_, index) => `${describe.call(dataset, index)}\n`);
  await writeAtomic(file, async sink => sink.write(Buffer.from(lines.join(''))));
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
