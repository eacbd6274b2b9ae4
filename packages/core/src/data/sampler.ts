import { ConfigError } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import { checkSeed, checkWord, RESERVED_STREAMS } from './host-rng.ts';
import { below, philoxStream } from './philox.ts';

/**
 * The order in which one epoch visits a dataset: a permutation of `0 … size − 1` (Fisher–Yates) that depends on
 * `(seed, epoch)` only, so a resumed run computes it again instead of storing it.
 * @returns `[size]`
 * @throws ConfigError when a number is out of range.
 */
export function epochOrder(size: number, seed: number, epoch: number): Uint32Array {
  checkSeed('epochOrder', seed);
  checkWord('epochOrder', 'epoch', epoch);
  return permutation(size, seed, RESERVED_STREAMS.order, epoch);
}

/** A uniform permutation of `0 … size − 1` drawn from the stream `(seed, stream, epoch)`. */
export function permutation(size: number, seed: number, stream: number, epoch: number): Uint32Array {
  checkWord('permutation', 'size', size);
  const order = new Uint32Array(size);
  for (let i = 0; i < size; i++) order[i] = i;
  shuffle(order, philoxStream(seed, 0, stream, epoch));
  return order;
}

/** Fisher–Yates, in place. */
function shuffle(values: Uint32Array, next: () => number): void {
  for (let last = values.length - 1; last > 0; last--) {
    const other = below(next, last + 1);
    const moved = values[last]!;
    values[last] = values[other]!;
    values[other] = moved;
  }
}

/**
 * Pictures that an epoch of shards shuffles at once. WebDataset's `shuffle` takes 1,000 by default and OpenCLIP 5,000 (`training/data.py`),
 * where the buffer holds the files; here it holds their numbers, so it may be larger.
 */
export const SHUFFLE_BUFFER = 10_000;

/**
 * The order of an epoch over shards, for data that is cheap to read shard by shard: the shards are put in a random order, and the pictures
 * of each `buffer` that follow one another in it are permuted. Every picture comes once. While the reader is in one buffer it needs the
 * shards that lie in it, at most `⌈buffer / smallest⌉ + 1` of those with `smallest` pictures or more, and none of them again later.
 * The order depends on the arguments only. It takes 4 bytes a picture.
 * @param sizes pictures of each shard, see {@link Dataset.shards}.
 * @param buffer pictures; they are divided evenly, so that the last buffer is no remainder.
 * @returns `[sum of sizes]`
 * @throws ConfigError when a number is out of range.
 */
export function shardedOrder(
  sizes: readonly number[],
  seed: number,
  epoch: number,
  buffer: number = SHUFFLE_BUFFER,
): Uint32Array {
  checkSeed('shardedOrder', seed);
  checkWord('shardedOrder', 'epoch', epoch);
  if (!Number.isInteger(buffer) || buffer < 1) {
    throw new ConfigError(`shardedOrder: buffer must be a positive whole number of pictures; got ${buffer}`);
  }
  for (const size of sizes) checkWord('shardedOrder', 'the size of a shard', size);
  const order = oneAfterAnother(sizes, permutation(sizes.length, seed, RESERVED_STREAMS.shards, epoch));
  const windows = Math.ceil(order.length / buffer);
  for (let window = 0; window < windows; window++) {
    const [start, end] = [window, window + 1].map(edge => Math.floor((edge * order.length) / windows));
    shuffle(order.subarray(start, end), philoxStream(seed, window + 1, RESERVED_STREAMS.shards, epoch));
  }
  return order;
}

/** The numbers of the pictures of each shard in turn. */
function oneAfterAnother(sizes: readonly number[], shards: Uint32Array): Uint32Array {
  const starts = new Float64Array(sizes.length);
  let size = 0;
  sizes.forEach((count, shard) => {
    starts[shard] = size;
    size += count;
  });
  checkWord('shardedOrder', 'the sum of the sizes', size);
  const order = new Uint32Array(size);
  let place = 0;
  for (const shard of shards) {
    for (let i = 0; i < sizes[shard]!; i++) order[place++] = starts[shard]! + i;
  }
  return order;
}

/**
 * The order in which an epoch visits a dataset: {@link shardedOrder} where it has several shards and more pictures than a buffer,
 * else {@link epochOrder}. All ranks take their rows of the same batches from it (see {@link shard}), so that a run on one device and a
 * run on several see the same; each rank therefore reads from all shards that are under way, not from shards of its own.
 * @returns `[size]`
 * @throws ConfigError when a number is out of range.
 */
export function orderOf(
  { size, shards, shuffleBuffer = SHUFFLE_BUFFER }: Pick<Dataset, 'size' | 'shards' | 'shuffleBuffer'>,
  seed: number,
  epoch: number,
): Uint32Array {
  if (!shards || shards.length < 2 || size <= shuffleBuffer) return epochOrder(size, seed, epoch);
  return shardedOrder(shards, seed, epoch, shuffleBuffer);
}

/** The runs of neighbors in `rows` that come from one shard: the shards of a part of a dataset. */
export function shardsOfRows(shards: readonly number[], rows: Uint32Array): number[] {
  const ends = Float64Array.from(shards);
  for (let i = 1; i < ends.length; i++) ends[i]! += ends[i - 1]!;
  const runs: number[] = [];
  let current = -1;
  for (const row of rows) {
    const shard = shardOf(ends, row);
    if (shard !== current) runs.push(0);
    current = shard;
    runs[runs.length - 1]!++;
  }
  return runs;
}

/** The first shard that ends after `row`. @param ends `[shards]`, sums of the sizes up to and with each */
export function shardOf(ends: Float64Array, row: number): number {
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle]! > row) high = middle;
    else low = middle + 1;
  }
  return low;
}

export interface BatchOptions {
  /** Leave out the last, smaller batch. Default true: a captured step has one shape, and contrastive losses depend on it. */
  readonly dropLast?: boolean;
}

/**
 * An epoch's order cut into batches, without copying. To resume after `k` batches, start at element `k`.
 * @param order `[size]`, from {@link epochOrder}.
 * @returns one `[batchSize]` for each batch; the last is shorter with `dropLast: false` and a remainder.
 * @throws ConfigError when the batch size is no positive whole number, or when no batch would be left.
 */
export function batches(order: Uint32Array, batchSize: number, { dropLast = true }: BatchOptions = {}): Uint32Array[] {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ConfigError(`batches: the batch size must be a positive whole number; got ${batchSize}`);
  }
  if (order.length === 0 || (dropLast && batchSize > order.length)) {
    throw new ConfigError(
      `batches: a batch cannot be larger than the data; got batch size ${batchSize} for ${order.length} images; ` +
        'use a smaller batch or more images',
    );
  }
  const count = dropLast ? Math.floor(order.length / batchSize) : Math.ceil(order.length / batchSize);
  return Array.from({ length: count }, (_, i) => order.subarray(i * batchSize, (i + 1) * batchSize));
}

/**
 * The part of a batch (or of an order) that one rank works on: its contiguous block. All ranks together see the batch in
 * its order, so a run on one device and a run on several visit the same pictures in the same steps.
 * @param rank whole number in `[0, world)`.
 * @throws ConfigError when the rank is out of range or the length is no multiple of `world`.
 */
export function shard(order: Uint32Array, rank: number, world: number): Uint32Array {
  if (!Number.isInteger(world) || world < 1 || !Number.isInteger(rank) || rank < 0 || rank >= world) {
    throw new ConfigError(`shard: rank must be a whole number from 0 to world - 1; got rank ${rank} of world ${world}`);
  }
  if (order.length % world !== 0) {
    throw new ConfigError(
      `shard: all ranks need equally many images; got ${order.length} for ${world} ranks; ` +
        `use a batch size that is a multiple of ${world}`,
    );
  }
  const share = order.length / world;
  return order.subarray(rank * share, (rank + 1) * share);
}
