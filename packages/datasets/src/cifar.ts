/** CIFAR-10 and CIFAR-100, binary version. Format: https://www.cs.toronto.edu/~kriz/cifar.html */
import { join } from 'node:path';
import type { Dataset } from '@ssl/core/data';
import { CIFAR10, CIFAR100 } from './catalog.ts';
import { checkChoice } from './check-choice.ts';
import { type OpenOptions, obtain, unpackArchives } from './obtain.ts';
import { type RecordLayout, recordDataset } from './records.ts';
import { readNames } from './text-file.ts';

export type CifarSplit = 'train' | 'test' | 'all';

export interface Cifar100Options extends OpenOptions {
  /** `fine` (default): 100 classes. `coarse`: the 20 groups of five. */
  readonly labels?: 'fine' | 'coarse';
}

/** A record: one label, or the coarse and the fine one, then 1024 red, 1024 green and 1024 blue values, row by row. */
const TEN: RecordLayout = { width: 32, height: 32, channels: 3, labelBytes: 1, labelAt: 0, planes: 'rows' };
const HUNDRED: RecordLayout = { ...TEN, labelBytes: 2 };

const TEN_FILES = {
  train: ['data_batch_1.bin', 'data_batch_2.bin', 'data_batch_3.bin', 'data_batch_4.bin', 'data_batch_5.bin'],
  test: ['test_batch.bin'],
} as const;
const HUNDRED_FILES = { train: ['train.bin'], test: ['test.bin'] } as const;

/**
 * CIFAR-10: 32 x 32 RGB, 10 classes, 50,000 to train and 10,000 to test. Downloaded on first use.
 * @throws DataError when it cannot be had, or its files are damaged.
 */
export async function cifar10(split: CifarSplit = 'train', options: OpenOptions = {}): Promise<Dataset> {
  checkChoice('cifar10', 'split', split, ['train', 'test', 'all']);
  const dir = await obtain(CIFAR10, options, { folder: 'cifar-10-batches-bin', fill: unpackArchives });
  return recordDataset({
    name: nameOf('cifar10', split),
    sources: filesOf(TEN_FILES, split).map(file => join(dir, file)),
    layout: TEN,
    classes: await readNames(join(dir, 'batches.meta.txt')),
  });
}

/**
 * CIFAR-100: as CIFAR-10, with 100 classes in 20 groups. Downloaded on first use.
 * @throws DataError as {@link cifar10}.
 */
export async function cifar100(split: CifarSplit = 'train', options: Cifar100Options = {}): Promise<Dataset> {
  checkChoice('cifar100', 'split', split, ['train', 'test', 'all']);
  const { labels = 'fine' } = options;
  checkChoice('cifar100', 'labels', labels, ['fine', 'coarse']);
  const dir = await obtain(CIFAR100, options, { folder: 'cifar-100-binary', fill: unpackArchives });
  return recordDataset({
    name: nameOf('cifar100', split),
    sources: filesOf(HUNDRED_FILES, split).map(file => join(dir, file)),
    layout: { ...HUNDRED, labelAt: labels === 'coarse' ? 0 : 1 },
    classes: await readNames(join(dir, `${labels}_label_names.txt`)),
  });
}

function filesOf(files: Readonly<Record<'train' | 'test', readonly string[]>>, split: CifarSplit): readonly string[] {
  return split === 'all' ? [...files.train, ...files.test] : files[split];
}

function nameOf(name: string, split: CifarSplit): string {
  return split === 'all' ? name : `${name} ${split}`;
}
