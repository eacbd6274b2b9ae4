/** SVHN, format 2 (cropped digits). Format: http://ufldl.stanford.edu/housenumbers/ */
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DataError, type Dataset } from '@ssl/core/data';
import { svhnFiles } from './catalog.ts';
import { checkChoice } from './check-choice.ts';
import { type MatArray, matArrays } from './mat5.ts';
import { type OpenOptions, obtain, type Work } from './obtain.ts';
import { type RecordLayout, recordDataset } from './records.ts';

export type SvhnSplit = 'train' | 'test' | 'extra';

/** X is `[32, 32, 3, N]` with the first index fastest: each picture is three planes, column by column. */
const LAYOUT: RecordLayout = { width: 32, height: 32, channels: 3, labelBytes: 0, planes: 'columns' };
const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
/** What is kept of a file in the cache: pictures that can be read one by one, and a byte for each label. */
const [PICTURES, LABELS] = ['X.bin', 'y.bin'];

/**
 * SVHN: 32 x 32 RGB digits of house numbers, 73,257 to train, 26,032 to test, 531,131 easier ones in `extra`. Downloaded on first use.
 * With `dir`, a folder with the `.mat` file, its pictures are kept in memory.
 * @throws DataError when it cannot be had, or its files are damaged.
 */
export async function svhn(split: SvhnSplit = 'train', options: OpenOptions = {}): Promise<Dataset> {
  checkChoice('svhn', 'split', split, ['train', 'test', 'extra']);
  const dir = await obtain(svhnFiles(split), options, { fill });
  const common = { name: `svhn ${split}`, layout: LAYOUT, classes: DIGITS };
  if (options.dir === undefined) {
    const labels = Int32Array.from(await readFile(join(dir, LABELS)));
    return recordDataset({ ...common, sources: [join(dir, PICTURES)], labels });
  }
  const { pictures, labels } = await arraysOf(join(dir, `${split}_32x32.mat`));
  return recordDataset({ ...common, sources: [await joined(pictures)], labels: Int32Array.from(await digits(labels)) });
}

async function fill([archive]: readonly string[], into: string, { signal }: Work): Promise<void> {
  const { pictures, labels } = await arraysOf(archive!);
  await pipeline(Readable.from(pictures.read()), createWriteStream(join(into, PICTURES)), { signal });
  await pipeline(Readable.from([await digits(labels)]), createWriteStream(join(into, LABELS)), { signal });
}

async function arraysOf(file: string): Promise<{ pictures: MatArray; labels: MatArray }> {
  const arrays = await matArrays(file);
  const [pictures, labels] = ['X', 'y'].map(name => arrays.find(array => array.name === name));
  const [height, width, channels, count = 1] = pictures?.shape ?? [];
  const fits = height === 32 && width === 32 && channels === 3 && pictures?.type === 'uint8';
  if (!pictures || !labels || !fits || labels.shape[0] !== count) {
    const got =
      arrays.map(({ name, type, shape }) => `${name} ${type} [${shape.join(', ')}]`).join(', ') || 'no arrays';
    throw new DataError(`svhn: ${file} must hold X uint8 [32, 32, 3, N] and y [N, 1]; got ${got}; fetch it again`);
  }
  return { pictures, labels };
}

/** One byte a label: the digit. In the file, 10 stands for 0. */
async function digits(labels: MatArray): Promise<Uint8Array> {
  const bytes = Buffer.from(await joined(labels));
  const step = { uint8: 1, int8: 1, uint16: 2, int16: 2, uint32: 4, int32: 4, float32: 4, float64: 8 }[labels.type];
  return Uint8Array.from({ length: bytes.length / step }, (_, i) => {
    const value =
      labels.type === 'float64'
        ? bytes.readDoubleLE(i * step)
        : labels.type === 'float32'
          ? bytes.readFloatLE(i * step)
          : bytes[i * step]!;
    if (!(Number.isInteger(value) && value >= 0 && value <= 10)) {
      throw new DataError(`svhn: a label must be 1 to 10, where 10 is the digit 0; got ${value}; fetch the file again`);
    }
    return value % 10;
  });
}

async function joined(array: MatArray): Promise<Uint8Array> {
  const all = new Uint8Array(array.bytes);
  let at = 0;
  for await (const piece of array.read()) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
