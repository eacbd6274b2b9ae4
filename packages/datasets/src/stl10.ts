/** STL-10, binary version. Format: https://cs.stanford.edu/~acoates/stl10/ */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, type Dataset, subset } from '@ssl/core/data';
import { ConfigError } from '@ssl/core/setup';
import { STL10 } from './catalog.ts';
import { checkChoice } from './check-choice.ts';
import { type OpenOptions, obtain, unpackArchives } from './obtain.ts';
import { type RecordLayout, recordBytes, recordDataset } from './records.ts';
import { readNames } from './text-file.ts';

export type Stl10Split = 'train' | 'test' | 'unlabeled' | 'train+unlabeled';

export interface Stl10Options extends OpenOptions {
  /** 0 to 9: one of the ten published parts of 1,000 training pictures, for the `train` split. */
  readonly fold?: number;
}

/** Red, green and blue planes, column by column. */
const LAYOUT: RecordLayout = { width: 96, height: 96, channels: 3, labelBytes: 0, planes: 'columns' };

/**
 * STL-10: 96 x 96 RGB, 10 classes, 5,000 to train, 8,000 to test, 100,000 without labels. Downloaded on first use (2.6 GB).
 * @throws DataError when it cannot be had, or its files are damaged.
 */
export async function stl10(split: Stl10Split = 'train', options: Stl10Options = {}): Promise<Dataset> {
  checkChoice('stl10', 'split', split, ['train', 'test', 'unlabeled', 'train+unlabeled']);
  const { fold } = options;
  if (fold !== undefined && (split !== 'train' || !Number.isInteger(fold) || fold < 0 || fold > 9)) {
    throw new ConfigError(`stl10: fold must be 0 to 9, of the train split; got ${fold} of ${split}`);
  }
  const dir = await obtain(STL10, options, { folder: 'stl10_binary', fill: unpackArchives });
  const parts = split.split('+');
  const sources = parts.map(part => join(dir, `${part}_X.bin`));
  const labels = split === 'unlabeled' ? undefined : await labelsOf(dir, parts);
  const classes = labels && (await readNames(join(dir, 'class_names.txt')));
  const name = fold === undefined ? `stl10 ${split}` : `stl10 ${split}, fold ${fold}`;
  const all = await recordDataset({ name, sources, layout: LAYOUT, ...(labels && classes && { labels, classes }) });
  return fold === undefined ? all : subset(all, await foldIndices(join(dir, 'fold_indices.txt'), fold, all.size));
}

/** 1 to 10 in the files; −1 for pictures without a label. */
async function labelsOf(dir: string, parts: readonly string[]): Promise<Int32Array> {
  const found: number[] = [];
  for (const part of parts) {
    if (part === 'unlabeled') {
      const { size } = await stat(join(dir, `${part}_X.bin`)).catch(unreadable);
      for (let i = 0; i < Math.floor(size / recordBytes(LAYOUT)); i++) found.push(-1);
    } else {
      for (const label of await readFile(join(dir, `${part}_y.bin`)).catch(unreadable)) found.push(label - 1);
    }
  }
  return Int32Array.from(found);
}

function unreadable(error: unknown): never {
  const { code, path } = error as NodeJS.ErrnoException;
  throw new DataError(`stl10: ${path} must be readable; got ${code}; check the folder`, { cause: error });
}

async function foldIndices(file: string, fold: number, size: number): Promise<number[]> {
  const line = (await readNames(file))[fold] ?? '';
  const indices = line.split(/\s+/).filter(Boolean).map(Number);
  if (indices.length === 0 || indices.some(index => !Number.isInteger(index) || index < 0 || index >= size)) {
    throw new DataError(`stl10: line ${fold + 1} of ${file} must hold indices from 0 to ${size - 1}; it is damaged`);
  }
  return indices;
}
