/** MNIST and two sets made to take its place. Each is four IDX files. */
import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Dataset } from '@ssl/core/data';
import { FASHION_MNIST, KMNIST, MNIST, type RemoteSet } from './catalog.ts';
import { checkChoice } from './check-choice.ts';
import { idxDataset } from './idx.ts';
import { type OpenOptions, obtain } from './obtain.ts';

export type MnistSplit = 'train' | 'test';

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
/** In the order of their numbers, as the makers' README has them. */
const CLOTHES = [
  ...['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
];
/** The modern hiragana of each class, in Latin letters. */
const KUZUSHIJI = ['o', 'ki', 'su', 'tsu', 'na', 'ha', 'ma', 'ya', 're', 'wo'];

/**
 * MNIST: 28 x 28 grey digits, 60,000 to train and 10,000 to test. Downloaded on first use.
 * @throws DataError when it cannot be had, or its files are damaged.
 */
export async function mnist(split: MnistSplit = 'train', options: OpenOptions = {}): Promise<Dataset> {
  return open(MNIST, DIGITS, split, options);
}

/** Fashion-MNIST: as MNIST, pictures of ten kinds of clothes. @throws DataError as {@link mnist}. */
export async function fashionMnist(split: MnistSplit = 'train', options: OpenOptions = {}): Promise<Dataset> {
  return open(FASHION_MNIST, CLOTHES, split, options);
}

/** KMNIST: as MNIST, ten hiragana in old handwriting. @throws DataError as {@link mnist}. */
export async function kmnist(split: MnistSplit = 'train', options: OpenOptions = {}): Promise<Dataset> {
  return open(KMNIST, KUZUSHIJI, split, options);
}

async function open(
  set: RemoteSet,
  classes: readonly string[],
  split: MnistSplit,
  options: OpenOptions,
): Promise<Dataset> {
  checkChoice(set.name, 'split', split, ['train', 'test']);
  const dir = await obtain(set, options, { fill: keep });
  const stem = split === 'train' ? 'train' : 't10k';
  return idxDataset({
    name: `${set.name} ${split}`,
    images: unpackedOrNot(join(dir, `${stem}-images-idx3-ubyte`)),
    labels: unpackedOrNot(join(dir, `${stem}-labels-idx1-ubyte`)),
    classes,
  });
}

/** The files are kept as they come: they are small enough to be unpacked into memory. */
async function keep(archives: readonly string[], into: string): Promise<void> {
  for (const archive of archives) await copyFile(archive, join(into, basename(archive)));
}

function unpackedOrNot(file: string): string {
  return existsSync(file) ? file : `${file}.gz`;
}
