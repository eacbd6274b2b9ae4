import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, DataError } from '../../errors.ts';
import { takeLock } from '../../file-lock.ts';
import { removePartials, writeAtomic } from '../../io/atomic-file.ts';
import type { Dataset, SkippedImage } from '../dataset.ts';
import { reasonOf } from '../decode.ts';
import { READABLE } from '../folder-scan.ts';
import { checkSeed } from '../host-rng.ts';
import { extension } from '../list-files.ts';
import { orderOf } from '../sampler.ts';
import { checkKeys, checkWhole } from '../views/check.ts';
import { imageExtension } from './image-extension.ts';
import { tarEnd, tarMember } from './tar-header.ts';
import { MANIFEST } from './webdataset.ts';

export interface WriteShardsOptions {
  /** Default 10,000, as img2dataset has it: a gigabyte of photos of 100 kB. */
  readonly samplesPerShard?: number;
  /** Of the order in which the pictures are written. Default 0. `false` keeps the dataset's: only right where neighbors are unlike. */
  readonly seed?: number | false;
  /** Called after each batch of pictures, those in shards that were there already included. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called once when another process writes the same folder and is being waited for. */
  readonly onWait?: () => void;
  readonly signal?: AbortSignal;
}

export interface WrittenShards {
  /** Paths of all shards, in order. */
  readonly files: readonly string[];
  /** Shards that were written now; the others were there. */
  readonly written: number;
  /** Pictures of those that could not be read. */
  readonly skipped: readonly SkippedImage[];
}

const SAMPLES_PER_SHARD = 10_000;
/** Pictures read at once. */
const READ_AHEAD = 32;

/**
 * Copies the pictures of a dataset, undecoded, into WebDataset shards `shard-000000.tar`, …: one long file is read and moved far faster
 * than millions of small ones. A sample is `NUMBER.jpg`, with the picture's number in the dataset, and `NUMBER.cls` where it has a label.
 * Shards are written aside and renamed, so that each is whole; a second call goes on where the first one ended. The same dataset and
 * options give the same bytes. `shards.json` beside them keeps what they were made from, and the names of the classes.
 * Pictures are written in random order, so that a reader that mixes neighbors only, ours or another, has all classes in each batch.
 * @throws DataError when the dataset gives no undecoded pictures. @throws CheckpointError when the folder cannot be written.
 * @throws ConfigError when an option is out of range, or the folder holds shards of other data or options.
 */
export async function writeShards(
  dataset: Dataset,
  dir: string,
  options: WriteShardsOptions = {},
): Promise<WrittenShards> {
  const { samplesPerShard, seed } = checked(dataset, options);
  await mkdir(dir, { recursive: true });
  const lock = await takeLock(join(dir, '.writing'), options);
  try {
    await removePartials(dir);
    await claim(dir, {
      format: 1,
      fingerprint: dataset.fingerprint,
      samplesPerShard,
      seed,
      ...(dataset.classes && { classes: dataset.classes }),
    });
    const order = seed === false ? Uint32Array.from({ length: dataset.size }, (_, i) => i) : orderOf(dataset, seed, 0);
    const files = Array.from({ length: Math.ceil(order.length / samplesPerShard) }, (_, shard) =>
      join(dir, `shard-${String(shard).padStart(6, '0')}.tar`),
    );
    const skipped: SkippedImage[] = [];
    let written = 0;
    for (const [shard, path] of files.entries()) {
      const rows = order.subarray(shard * samplesPerShard, (shard + 1) * samplesPerShard);
      const before = shard * samplesPerShard;
      if (!existsSync(path)) {
        await writeShard(dataset, path, rows, {
          skipped,
          ...options,
          onRows: count => options.onProgress?.(before + count, order.length),
        });
        written++;
      }
      options.onProgress?.(before + rows.length, order.length);
    }
    return { files, written, skipped };
  } finally {
    lock.release();
  }
}

interface ShardWork {
  readonly skipped: SkippedImage[];
  readonly signal?: AbortSignal;
  readonly onRows: (count: number) => void;
}

async function writeShard(
  dataset: Dataset,
  path: string,
  rows: Uint32Array,
  { skipped, signal, onRows }: ShardWork,
): Promise<void> {
  await writeAtomic(path, async file => {
    let length = 0;
    const put = async (bytes: Buffer): Promise<void> => {
      length += bytes.length;
      await file.write(bytes);
    };
    for (let start = 0; start < rows.length; start += READ_AHEAD) {
      signal?.throwIfAborted();
      const some = Array.from(rows.subarray(start, start + READ_AHEAD));
      const samples = await Promise.all(some.map(index => sampleOf(dataset, index)));
      const members: Buffer[] = [];
      for (const sample of samples) {
        if (Buffer.isBuffer(sample)) members.push(sample);
        else skipped.push(sample);
      }
      await put(Buffer.concat(members));
      onRows(start + some.length);
    }
    await put(tarEnd(length));
  });
}

/** The members of a sample, or why there are none. */
async function sampleOf(dataset: Dataset, index: number): Promise<Buffer | SkippedImage> {
  const describe = (): string => dataset.describe?.(index) ?? `picture ${index}`; // it may have to look it up
  try {
    const { bytes } = await dataset.encoded!(index);
    const kind = imageExtension(bytes) ?? extension(describe());
    if (!READABLE.has(kind)) return { path: describe(), reason: 'not in a format that can be read' };
    const key = String(index).padStart(9, '0');
    const label = dataset.labels?.[index] ?? -1;
    const members = [tarMember(`${key}.${kind}`, bytes)];
    if (label >= 0) members.unshift(tarMember(`${key}.cls`, Buffer.from(String(label))));
    return Buffer.concat(members);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { path: describe(), reason: reasonOf(error) };
  }
}

/** Writes down what the folder is for, or checks that it is for the same. */
async function claim(dir: string, manifest: object): Promise<void> {
  const path = join(dir, MANIFEST);
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (there === undefined) await writeAtomic(path, file => file.write(Buffer.from(text)));
  else if (there !== text) {
    throw new ConfigError(
      `writeShards: the folder must be empty or hold shards of the same data and options; got ${dir}, whose ${MANIFEST} tells of others; give another folder`,
    );
  }
}

function checked(dataset: Dataset, options: WriteShardsOptions): { samplesPerShard: number; seed: number | false } {
  checkKeys('writeShards', options, ['samplesPerShard', 'seed', 'onProgress', 'onWait', 'signal']);
  const { samplesPerShard = SAMPLES_PER_SHARD, seed = 0 } = options;
  checkWhole('writeShards', 'samplesPerShard', samplesPerShard, [1, 2 ** 32 - 1]);
  if (seed !== false) checkSeed('writeShards', seed);
  if (!dataset.encoded) {
    throw new DataError(
      `writeShards: the dataset must give its pictures undecoded; got ${dataset.name}, which has pixels only; save them as files first`,
    );
  }
  return { samplesPerShard, seed };
}
