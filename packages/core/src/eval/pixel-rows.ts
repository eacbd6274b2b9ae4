import type { PixelData } from '../data/index.ts';
import { DataError } from '../errors.ts';

/** Square pictures of one size; what `loadPixels` returns is one. */
export interface PixelRows {
  /** `[count, size, size, channels]`, values 0 to 255, bytes or floats. */
  readonly data: PixelData;
  readonly count: number;
  readonly size: number;
  readonly channels: number;
}

/** All pictures at once, or block after block, each of any count. */
export type PixelSource = PixelRows | Iterable<PixelRows> | AsyncIterable<PixelRows>;

export interface PixelBatch {
  /** `[batchSize, size, size, channels]`, good until the next batch is asked for. */
  readonly data: PixelData;
  readonly shape: readonly [number, number, number, number];
  /** How many of the pictures count; those after them only fill the batch. */
  readonly rows: number;
}

/**
 * The pictures of a source in batches of one shape, the last one filled up.
 * @throws DataError when a block has another size than the first, or other than whole pictures.
 */
export async function* fullBatches(source: PixelSource, batchSize: number): AsyncGenerator<PixelBatch> {
  let buffer: PixelData | undefined;
  let first: PixelRows | undefined;
  let rows = 0;
  for await (const block of isPixelRows(source) ? [source] : source) {
    first ??= block;
    const values = rowValues(block, first);
    buffer ??= new (first.data instanceof Float32Array ? Float32Array : Uint8Array)(batchSize * values);
    for (let row = 0; row < block.count; ) {
      const taken = Math.min(batchSize - rows, block.count - row);
      buffer.set(block.data.subarray(row * values, (row + taken) * values), rows * values);
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

function batchOf(data: PixelData, { size, channels }: PixelRows, rows: number): PixelBatch {
  return { data, shape: [data.length / (size * size * channels), size, size, channels], rows };
}

function rowValues({ data, count, size, channels }: PixelRows, first: PixelRows): number {
  const values = size * size * channels;
  if (size !== first.size || channels !== first.channels) {
    throw new DataError(
      `extractFeatures: all pictures must be of one size; got ${size} x ${size} x ${channels} after ${first.size} x ${first.size} x ${first.channels}`,
    );
  }
  if (data instanceof Float32Array !== first.data instanceof Float32Array) {
    throw new DataError('extractFeatures: all blocks must have bytes or all floats; got both');
  }
  if (data.length !== count * values) {
    throw new DataError(`extractFeatures: ${count} pictures must have ${count * values} values; got ${data.length}`);
  }
  return values;
}
