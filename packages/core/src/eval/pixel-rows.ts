import { DataError } from '../errors.ts';

/** Square pictures of one size; what `loadPixels` returns is one. */
export interface PixelRows {
  /** `[count, size, size, channels]`, values 0 to 255. */
  readonly data: Uint8Array;
  readonly count: number;
  readonly size: number;
  readonly channels: number;
}

/** All pictures at once, or block after block, each of any count. */
export type PixelSource = PixelRows | Iterable<PixelRows> | AsyncIterable<PixelRows>;

export interface PixelBatch {
  /** `[batchSize, size, size, channels]`, good until the next batch is asked for. */
  readonly data: Uint8Array;
  readonly shape: readonly [number, number, number, number];
  /** How many of the pictures count; those after them only fill the batch. */
  readonly rows: number;
}

/**
 * The pictures of a source in batches of one shape, the last one filled up.
 * @throws DataError when a block has another size than the first, or other than whole pictures.
 */
export async function* fullBatches(source: PixelSource, batchSize: number): AsyncGenerator<PixelBatch> {
  let buffer: Uint8Array | undefined;
  let first: PixelRows | undefined;
  let rows = 0;
  for await (const block of isPixelRows(source) ? [source] : source) {
    first ??= block;
    const bytes = rowBytes(block, first);
    buffer ??= new Uint8Array(batchSize * bytes);
    for (let row = 0; row < block.count; ) {
      const taken = Math.min(batchSize - rows, block.count - row);
      buffer.set(block.data.subarray(row * bytes, (row + taken) * bytes), rows * bytes);
      row += taken;
      rows += taken;
      if (rows < batchSize) continue;
      yield batchOf(buffer, first, rows);
      rows = 0;
    }
  }
  if (first && buffer && rows > 0) yield batchOf(buffer, first, rows);
}

/** Whether a source is one block that is all there is. */
export function isPixelRows(source: PixelSource): source is PixelRows {
  return 'data' in source;
}

function batchOf(data: Uint8Array, { size, channels }: PixelRows, rows: number): PixelBatch {
  return { data, shape: [data.length / (size * size * channels), size, size, channels], rows };
}

function rowBytes({ data, count, size, channels }: PixelRows, first: PixelRows): number {
  const bytes = size * size * channels;
  if (size !== first.size || channels !== first.channels) {
    throw new DataError(
      `extractFeatures: all pictures must be of one size; got ${size} x ${size} x ${channels} after ${first.size} x ${first.size} x ${first.channels}`,
    );
  }
  if (data.length !== count * bytes) {
    throw new DataError(`extractFeatures: ${count} pictures must have ${count * bytes} bytes; got ${data.length}`);
  }
  return bytes;
}
