import { dirname, resolve } from 'node:path';
import { ConfigError, DataError } from '../../errors.ts';
import { didYouMean } from '../../nearest.ts';
import type { SkippedImage } from '../dataset.ts';
import { checkDecodeOptions, type SourceDecoding } from '../decode.ts';
import { type FileDataset, fileDataset } from '../file-dataset.ts';
import { findFaults, sizeFault } from '../folder-scan.ts';
import { fileSize } from '../list-files.ts';
import { describeSkipped } from '../load-pixels.ts';
import { lookAtFiles, type Verify } from '../look-at-files.ts';
import { filterPaths, type PathTable, pathTableBuilder } from '../path-table.ts';
import { checkKeys } from '../views/check.ts';
import { type ListColumns, listRows } from './list-rows.ts';

/** How the pictures are decoded (`channels`, `depth`, `range`: see `decodeImage`), and how the list is read. */
export interface FileListOptions extends SourceDecoding {
  /** The folder that relative paths start from. Default: that of the list. */
  readonly root?: string;
  /** The column of paths. Default: `path`, `image`, `file` or `filename`, the first that is there; case does not count. */
  readonly path?: string;
  /** The column of labels. Default: `label` or `class`; without either there are no labels. */
  readonly label?: string;
  /**
   * The classes and their order. A label is then one of them or, being a whole number, its place among them. Default: the labels found, by
   * number where all are whole numbers, else by code unit.
   */
  readonly classes?: readonly string[];
  /** What is checked now, besides that each file is there: see {@link Verify}. With `none` only a sample of more than 5,000 is looked up. */
  readonly verify?: Verify;
}

/**
 * The pictures that a list names, in its order: CSV with a heading line (`.csv`, `.tsv`) or one JSON object in a line (`.jsonl`, `.ndjson`).
 * Files that are missing, empty or broken are left out and named in `skipped`. A row without a label gets −1; a file may be named twice.
 * The fingerprint covers paths as they stand in the list, labels, options and sizes in bytes (of more than 5,000 files those of a sample).
 * @throws DataError when the list cannot be read, lacks a column, has a label that is not among `classes`, or names no readable picture.
 * @throws ConfigError when an option is unknown or has an unknown value, or the list has another ending.
 */
export async function fileList(file: string, options: FileListOptions = {}): Promise<FileDataset> {
  checkOptions(options);
  const { root = dirname(file), channels = 3, depth, range, verify } = options;
  const decode = { channels, ...(depth && { depth }), ...(range && { range }) };
  const { paths, texts, numbers } = await readList(file, options);
  const looked = await lookAtFiles({ root, paths, decode, verify });
  const { sizes } = looked;
  const faults = looked.sampled ? await missing(root, paths, verify) : looked.faults;
  const refused = looked.sampled && looked.faults.size >= sizes.size ? looked.faults : faults;
  const skipped = Array.from(refused, ([i, reason]) => ({ path: paths.at(i), reason }));
  if (refused !== faults || faults.size === paths.size) throw nothingIn(file, root, skipped);
  const kept = filterPaths(paths, i => !faults.has(i));
  const { classes, places } = classesOf(file, texts, options.classes);
  const labels = classes && numbers.filter((_, i) => !faults.has(i)).map(number => places[number] ?? -1);
  const parts = { who: 'fileList', name: file, root, decode, sizes, skipped };
  return fileDataset({ ...parts, paths: kept, classes, labels, labelsMatter: true });
}

interface Listed {
  readonly paths: PathTable;
  /** Every label's text, in the order of the list, with its line. */
  readonly texts: ReadonlyMap<string, number>;
  /** `[size]`, which of `texts` a picture has; −1 for none. */
  readonly numbers: Int32Array;
}

async function readList(file: string, { path, label }: ListColumns): Promise<Listed> {
  const found = pathTableBuilder();
  const texts = new Map<string, number>();
  const places = new Map<string, number>();
  const numbers: number[] = [];
  for await (const row of listRows(file, { path, label })) {
    if (row.path === '')
      throw new DataError(`fileList: every row must have a path; got none in line ${row.line} of "${file}"`);
    const slash = Math.max(0, row.path.lastIndexOf('/'));
    found.add(row.path.slice(0, slash), slash === 0 ? row.path : row.path.slice(slash + 1));
    if (row.label !== undefined && !places.has(row.label)) {
      places.set(row.label, places.size);
      texts.set(row.label, row.line);
    }
    numbers.push(row.label === undefined ? -1 : places.get(row.label)!);
  }
  if (numbers.length === 0)
    throw new DataError(`fileList: the list must name at least one picture; got none in "${file}"`);
  return { paths: found.finish(), texts, numbers: Int32Array.from(numbers) };
}

const WHOLE = /^-?\d+$/;

/** The classes, and where among them each of `texts` is. Labels below 0 mean none, as in torchvision's lists. */
function classesOf(
  file: string,
  texts: ReadonlyMap<string, number>,
  given: readonly string[] | undefined,
): { classes: readonly string[] | undefined; places: number[] } {
  const whole = [...texts.keys()].every(text => WHOLE.test(text));
  const labelled = [...texts.keys()].filter(text => !(whole && Number(text) < 0));
  const found = whole ? labelled.sort((a, b) => Number(a) - Number(b)) : labelled.sort();
  const classes = given ?? found;
  const numbers = new Map(classes.map((name, number) => [name, number]));
  const places = Array.from(texts, ([text, line]) => {
    if (whole && Number(text) < 0) return -1;
    const place = numbers.get(text) ?? (WHOLE.test(text) ? Number(text) : -1);
    if (place >= 0 && place < classes.length) return place;
    throw new DataError(
      `fileList: a label must be one of the ${classes.length} classes; got '${text}' in line ${line} of "${file}"; ${didYouMean(text, classes)}`.trim(),
    );
  });
  return { classes: classes.length > 0 ? classes : undefined, places };
}

/** Files of a long list that are not there or empty: one call to the file system for each, which `none` saves. */
async function missing(root: string, paths: PathTable, verify: Verify | undefined): Promise<Map<number, string>> {
  if (verify === 'none') return new Map();
  const everyFile = Uint32Array.from({ length: paths.size }, (_, i) => i);
  return findFaults(everyFile, async i => sizeFault(await fileSize(resolve(root, paths.at(i)))));
}

function nothingIn(file: string, root: string, skipped: readonly SkippedImage[]): DataError {
  return new DataError(
    `fileList: "${file}" must name at least one readable picture; got ${describeSkipped(skipped, skipped.length)}; ` +
      `relative paths start from "${root}": give another \`root\`?`,
  );
}

function checkOptions(options: FileListOptions): void {
  checkKeys('fileList', options, ['channels', 'depth', 'range', 'root', 'path', 'label', 'classes', 'verify']);
  const { root: _root, path: _path, label: _label, classes: _classes, verify, ...decode } = options;
  checkDecodeOptions('fileList', decode);
  if (verify !== undefined && !['headers', 'pixels', 'none'].includes(verify)) {
    throw new ConfigError(`fileList: verify must be one of headers, pixels, none; got ${String(verify)}`);
  }
}
