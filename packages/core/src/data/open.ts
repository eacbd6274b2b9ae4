import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import type { DecodeOptions } from './decode.ts';
import { PARTS } from './folder-classes.ts';
import { imageFolder } from './image-folder.ts';
import { fileList } from './sources/file-list.ts';
import { parquetImages } from './sources/parquet.ts';
import { webDataset } from './sources/webdataset.ts';
import { checkKeys } from './views/check.ts';

/** How the pictures are decoded (see `decodeImage`), and whether they are labelled. */
export interface OpenOptions extends Omit<DecodeOptions, 'shorterSide'> {
  /** `none`: labels are left aside. `folders`: of a folder of pictures, its sub-folders must be classes. Default `auto`: as found. */
  readonly labels?: 'auto' | 'folders' | 'none';
}

/** What a path turned out to be. */
export type SourceKind = 'folder' | 'shards' | 'tables' | 'list';

const LABELS = ['auto', 'folders', 'none'];
/** By the ending of a file, a glob or a name with braces. Compressed archives are left to `webDataset` to refuse. */
const ENDINGS: readonly [SourceKind, RegExp][] = [
  ['shards', /\.(tar|tgz|tar\.\w+)$/i],
  ['tables', /\.parquet$/i],
  ['list', /\.(csv|tsv|jsonl|ndjson)$/i],
];
const WHAT =
  'a folder of pictures, .tar shards, .parquet files (either: a folder of them, a glob, or names in braces), or a .csv or .jsonl list';

/**
 * Opens pictures, whatever they are kept in: a folder (`imageFolder`), WebDataset shards (`webDataset`: a `.tar` file, a folder of them, a glob, or
 * `train-{0000..0099}.tar`), Parquet files (`parquetImages`), or a list (`fileList`: `.csv`, `.tsv`, `.jsonl`, `.ndjson`).
 * @throws ConfigError when nothing like that is there, or an option is unknown; DataError as the four throw it.
 */
export async function openDataset(path: string, options: OpenOptions = {}): Promise<Dataset> {
  checkKeys('openDataset', options, ['channels', 'depth', 'range', 'labels']);
  const { labels = 'auto', ...decode } = options;
  if (!LABELS.includes(labels))
    throw new ConfigError(`openDataset: labels must be one of ${LABELS.join(', ')}; got ${String(labels)}`);
  const kind = await sourceKind(path);
  if (kind === undefined)
    throw new ConfigError(`openDataset: the path must be ${WHAT}; got "${path}", ${await whatIs(path)}; check it`);
  if (labels === 'folders' && kind !== 'folder')
    throw new ConfigError(`openDataset: labels 'folders' is for a folder of pictures; got "${path}"; leave it out`);
  if (kind === 'folder') return imageFolder(path, options);
  const open = { shards: webDataset, tables: parquetImages, list: fileList }[kind];
  const opened = await open(path, decode);
  return labels === 'none' ? withoutLabels(opened) : opened;
}

/**
 * Opens the parts of a data set: each of its sub-folders `train`, `val` and `test` (or like names), where it has nothing but such; else the path
 * as one part, under its own name.
 * @returns by the name of the part, the one for training first.
 * @throws ConfigError and DataError as {@link openDataset}.
 */
export async function openParts(path: string, options: OpenOptions = {}): Promise<Record<string, Dataset>> {
  const names = await partNames(path);
  if (names.length === 0) return { [basename(path)]: await openDataset(path, options) };
  const parts: Record<string, Dataset> = {};
  for (const name of names) parts[name] = await openDataset(join(path, name), options);
  return parts;
}

/** The same pictures, unlabelled. */
export function withoutLabels({ labels: _labels, classes: _classes, ...rest }: Dataset): Dataset {
  return rest;
}

/** `undefined` where nothing is, or nothing that can be opened. */
export async function sourceKind(path: string): Promise<SourceKind | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return folderKind(await entriesOf(path));
  const kind = ENDINGS.find(([, ending]) => ending.test(path))?.[0];
  return found || (/[*?[{]/.test(path) && kind !== 'list') ? kind : undefined;
}

/** Archives and tables count where no picture could lie beside or below them. */
function folderKind(entries: readonly Dirent[]): SourceKind {
  if (entries.some(entry => entry.isDirectory())) return 'folder';
  const has = (kind: SourceKind): boolean =>
    entries.some(({ name }) => ENDINGS.some(([each, ending]) => each === kind && ending.test(name)));
  return has('shards') ? 'shards' : has('tables') ? 'tables' : 'folder';
}

async function partNames(path: string): Promise<string[]> {
  const entries = await entriesOf(path);
  const folders = entries.filter(entry => entry.isDirectory()).map(({ name }) => name);
  if (folders.length < 2 || !folders.every(name => PARTS.has(name.toLowerCase()))) return [];
  const order = [...PARTS];
  const place = (name: string): number => order.indexOf(name.toLowerCase());
  return folders.sort((a, b) => place(a) - place(b));
}

/** Without hidden ones; none where the path is no folder. */
async function entriesOf(path: string): Promise<Dirent[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter(({ name }) => !name.startsWith('.'));
}

async function whatIs(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found ? 'a file of another kind' : 'which is not there';
}
