import { ConfigError } from '../errors.ts';
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
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  const next = philoxStream(seed, 0, stream, epoch);
  for (let last = size - 1; last > 0; last--) {
    const other = below(next, last + 1);
    const moved = order[last]!;
    order[last] = order[other]!;
    order[other] = moved;
  }
  return order;
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
