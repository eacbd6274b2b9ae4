/**
 * Batches of a dataset, read ahead of the training step. Batch `part` of epoch `epoch` is a function of the data, the size, the seed and
 * those two numbers: not of the number of threads, of what is kept where, or of where a run began.
 */
import { type Dataset, digest, type SkippedImage } from '../dataset.ts';
import { hostRng, RESERVED_STREAMS } from '../host-rng.ts';
import { batches, orderOf, shard } from '../sampler.ts';
import { badPictures } from './bad-pictures.ts';
import { batchFiller, type FillBatch, type HostBatch } from './fill-batch.ts';
import { openStore } from './open-store.ts';
import { checkReading, type Keep, type LoaderOptions } from './options.ts';
import { layoutOf, type PixelLayout } from './pixel-block.ts';

export interface Loader {
  readonly layout: PixelLayout;
  /** Pictures, unreadable ones included. */
  readonly size: number;
  readonly stepsPerEpoch: number;
  /** How the squares are kept. */
  readonly keep: Keep;
  /** Identity of the squares: the dataset's, their size and the fit. */
  readonly fingerprint: string;
  /** Unreadable pictures met so far, by place in the dataset; each is replaced by another picture, drawn at random. */
  readonly bad: ReadonlyMap<number, string>;
  /** This rank's part of a batch; those that follow are read ahead. @param part from 0, below `stepsPerEpoch` */
  batch(epoch: number, part: number): Promise<HostBatch>;
  /** Given pictures, in that order; unreadable ones are zero. */
  pictures(indices: Uint32Array): Promise<HostBatch>;
  /** Every picture, in order, in batches of `count`; unreadable ones are zero. */
  everything(count: number): AsyncIterable<HostBatch>;
  /** Files left out by the dataset, then those in `bad`. */
  skipped(): SkippedImage[];
  close(): Promise<void>;
}

/**
 * Opens a dataset for training. With a cache, in memory or on disk, all pictures that are not in it yet are decoded now.
 * @throws ConfigError when an option is out of range, the batch is larger than the data, or the pixels do not fit into memory.
 * @throws DataError when more than `maxBadShare` of the pictures cannot be read, or none can.
 */
export async function openLoader(dataset: Dataset, options: LoaderOptions): Promise<Loader> {
  const { prefetch, maxBadShare } = checkReading(options);
  const { size, fit = 'fill' } = options;
  const layout = layoutOf(dataset, size);
  const partOf = partsOf(dataset, options);
  const bad = badPictures(dataset, maxBadShare);
  const store = await openStore(dataset, options);
  try {
    for (const [index, reason] of store.failures) bad.add(index, reason);
  } catch (error) {
    await store.close();
    throw error;
  }
  const fill = batchFiller(dataset, store, bad);
  // What is in memory takes no time to read.
  const reader = readAhead(dataset, options, fill, partOf, store.keep === 'memory' ? 0 : prefetch);
  return {
    layout,
    size: dataset.size,
    stepsPerEpoch: partOf.stepsPerEpoch,
    keep: store.keep,
    fingerprint: digest(dataset.fingerprint, `${size} ${fit} ${layout.depth}`),
    bad: bad.found,
    skipped: bad.skipped,
    batch: reader.batch,
    pictures: indices => fill(indices),
    async *everything(count) {
      for (let first = 0; first < dataset.size; first += count) {
        const rows = Math.min(count, dataset.size - first);
        yield await fill(Uint32Array.from({ length: rows }, (_, i) => first + i));
      }
    },
    async close() {
      await reader.idle();
      await store.close();
    },
  };
}

interface Parts {
  (epoch: number, part: number): Uint32Array;
  readonly stepsPerEpoch: number;
}

/** Which pictures this rank's part of a batch has. Refuses sizes that do not fit, before anything is read. */
function partsOf(dataset: Dataset, { batchSize, seed = 0, rank = 0, world = 1 }: LoaderOptions): Parts {
  const stepsPerEpoch = batches(new Uint32Array(dataset.size), batchSize).length;
  shard(new Uint32Array(batchSize), rank, world);
  const orders = new Map<number, readonly Uint32Array[]>();
  const partOf = (epoch: number, part: number): Uint32Array => {
    let parts = orders.get(epoch);
    if (!parts) {
      parts = batches(orderOf(dataset, seed, epoch), batchSize);
      orders.set(epoch, parts);
      for (const old of orders.keys()) if (orders.size > 2) orders.delete(old); // this epoch and the one read ahead
    }
    return shard(parts[part]!, rank, world);
  };
  return Object.assign(partOf, { stepsPerEpoch });
}

function readAhead(
  { size }: Dataset,
  { seed = 0 }: LoaderOptions,
  fill: FillBatch,
  partOf: Parts,
  count: number,
): { batch: Loader['batch']; idle: () => Promise<unknown> } {
  const { stepsPerEpoch } = partOf;
  /** By number of the step. */
  const ahead = new Map<number, Promise<HostBatch>>();
  const start = (step: number): Promise<HostBatch> => {
    let batch = ahead.get(step);
    if (!batch) {
      const epoch = Math.floor(step / stepsPerEpoch);
      batch = fill(partOf(epoch, step % stepsPerEpoch), index => {
        const rng = hostRng(seed, epoch, index, RESERVED_STREAMS.replacement);
        return () => rng.int(0, size);
      });
      batch.catch(() => {}); // whoever asks for it is told
      ahead.set(step, batch);
    }
    return batch;
  };
  return {
    batch(epoch, part) {
      const step = epoch * stepsPerEpoch + part;
      const batch = start(step);
      // What was read ahead for another place is of no use any more.
      for (const other of ahead.keys()) if (other <= step || other > step + count) ahead.delete(other);
      for (let next = step + 1; next <= step + count; next++) void start(next);
      return batch;
    },
    idle: () => Promise.allSettled(ahead.values()),
  };
}
