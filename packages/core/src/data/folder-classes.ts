import { DataError } from '../errors.ts';
import type { PathTable } from './path-table.ts';

/** Names that folders have which are parts of a data set, not classes of one. */
export const PARTS: ReadonlySet<string> = new Set([
  'train',
  'training',
  'val',
  'valid',
  'validation',
  'test',
  'testing',
]);

export interface FolderClasses {
  readonly classes?: readonly string[];
  /** `[size of kept]` */
  readonly labels?: Int32Array;
}

export interface FolderClassesOptions {
  /** The caller, for messages. */
  readonly who: string;
  readonly dir: string;
  /** Every picture found; a class whose pictures are all broken keeps its number. */
  readonly all: PathTable;
  /** Those to label. */
  readonly kept: PathTable;
  readonly labels: 'auto' | 'folders' | 'none';
  readonly classes?: readonly string[] | undefined;
}

/**
 * Classes from the first sub-folder of each path, or nothing where there are none.
 * @throws DataError when classes are asked for and a picture lies in none, or in one that was not given; with `auto` also when the
 * sub-folders are parts of a data set.
 */
export function folderClasses({ who, dir, all, kept, labels, classes }: FolderClassesOptions): FolderClasses {
  if (labels === 'none') return {};
  const found = [...new Set(all.folders.map(firstPart))].sort();
  const outside = found.includes('');
  if (labels === 'auto' && !classes) {
    if (outside || found.length < 2) return {};
    if (found.every(name => PARTS.has(name.toLowerCase()))) throw partsNotClasses(who, dir, found);
  }
  if (outside) {
    const path = all.at(all.starts[all.folders.indexOf('')]!);
    throw new DataError(
      `${who}: with labels 'folders' every picture must lie in a sub-folder of ${dir}; got ${path}; move it or use labels 'none'`,
    );
  }
  const names = classes ?? found;
  const unknown = found.filter(name => !names.includes(name));
  if (unknown.length > 0) throw unknownClasses(who, dir, unknown, names);
  return { classes: names, labels: labelsOf(kept, names) };
}

function labelsOf(paths: PathTable, names: readonly string[]): Int32Array {
  const numbers = new Map(names.map((name, number) => [name, number]));
  const labels = new Int32Array(paths.size);
  paths.folders.forEach((folder, run) => {
    labels.fill(numbers.get(firstPart(folder))!, paths.starts[run], paths.starts[run + 1]);
  });
  return labels;
}

function firstPart(folder: string): string {
  const slash = folder.indexOf('/');
  return slash < 0 ? folder : folder.slice(0, slash);
}

function partsNotClasses(who: string, dir: string, parts: readonly string[]): DataError {
  const list = parts.map(part => `'${part}'`).join(', ');
  const together = who === 'imageFolder' ? `all with one list of classes (imageFolders('${dir}', [${list}])), ` : '';
  return new DataError(
    `${who}: the sub-folders of "${dir}" must be classes; got ${parts.join(', ')}, parts of a data set; ` +
      `open one of them ("${dir}/${parts[0]}"), ${together}or set labels to 'folders' or 'none'`,
  );
}

function unknownClasses(who: string, dir: string, unknown: readonly string[], names: readonly string[]): DataError {
  const shown = unknown.slice(0, 3).join(', ');
  const more = unknown.length > 3 ? ` and ${unknown.length - 3} more` : '';
  return new DataError(
    `${who}: every sub-folder of "${dir}" must be one of the ${names.length} classes given; got ${shown}${more}; ` +
      `remove or rename it, or add it to the classes (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''})`,
  );
}
