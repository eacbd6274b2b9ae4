import { DataError } from '../errors.ts';
import { type Dataset, digest, type SkippedImage } from './dataset.ts';
import type { PixelData } from './decode.ts';
import { DEFAULT_WORKERS, decodePool } from './loader/decode-pool.ts';
import { checkMemory, checkSize, layoutOf, type PixelBlock, rowLength } from './loader/pixel-block.ts';
import { memoryStore } from './loader/pixel-store.ts';
import { squareReader } from './loader/square-reader.ts';
import type { Fit } from './resize.ts';

export interface LoadOptions {
  /** Width and height of the stored pictures, in pixels. */
  readonly size: number;
  /** `fill` (default) squashes the whole picture, `cover` keeps the middle square. */
  readonly fit?: Fit;
  /** Pictures being decoded at once. Default: twice the cores, and at least 4. */
  readonly concurrency?: number;
  /** Decoding threads; 0 decodes in the caller's. Default: one fewer than there are cores, at most 8. */
  readonly workers?: number;
  /** Called after each picture, readable or not. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A dataset decoded once into one block of memory. Row `n` is picture `indices[n]` of the dataset. */
export interface PackedPixels {
  /** `[N, size, size, channels]`, values 0 to 255: bytes, or floats where the dataset's depth is `float32`. */
  readonly data: PixelData;
  readonly count: number;
  readonly size: number;
  readonly channels: number;
  /** `[N]`, pixels: the true width and height of what the stored square shows, so that crops can be drawn as on the original. */
  readonly widths: Uint32Array;
  readonly heights: Uint32Array;
  /** `[N]`, rising. */
  readonly indices: Uint32Array;
  /** `[N]`, where the dataset has labels. */
  readonly labels?: Int32Array;
  /** Identity of these rows: the dataset's, the size, the fit and which pictures could be read. */
  readonly fingerprint: string;
  /** Left out when the dataset was opened, then while decoding. */
  readonly skipped: readonly SkippedImage[];
}

/**
 * Decodes every picture of a dataset at one size, several at once. Pictures that cannot be read are left out and named in `skipped`.
 * The result depends on neither `concurrency` nor `workers`.
 * @throws ConfigError when the size is no positive whole number or the pixels would not fit into this machine's memory.
 * @throws DataError when no picture could be read.
 */
export async function loadPixels(dataset: Dataset, options: LoadOptions): Promise<PackedPixels> {
  const { size, fit = 'fill', onProgress, workers = DEFAULT_WORKERS } = options;
  checkSize('loadPixels', size);
  const layout = layoutOf(dataset, size);
  checkMemory('loadPixels', dataset.size, layout, 'use a smaller size or a part of the data');
  const pool = dataset.encoded && workers > 0 ? decodePool(workers) : undefined;
  const read = squareReader(dataset, { size, fit, pool });
  try {
    const { block, failures } = await memoryStore(layout, dataset.size, read, {
      onProgress,
      concurrency: options.concurrency,
    });
    return pack(dataset, block, failures, fit);
  } finally {
    await pool?.close();
  }
}

/** One line for people: how many pictures were left out, the first few by name. Empty when there are none. */
export function describeSkipped(skipped: readonly SkippedImage[], total: number, shown = 3): string {
  if (skipped.length === 0) return '';
  const named = skipped.slice(0, shown).map(({ path, reason }) => `${path} (${reason})`);
  const more = skipped.length > shown ? ` and ${skipped.length - shown} more` : '';
  return `${skipped.length} of ${total} pictures skipped: ${named.join(', ')}${more}`;
}

/** Closes up the rows of what could be read. */
function pack(dataset: Dataset, block: PixelBlock, failures: ReadonlyMap<number, string>, fit: Fit): PackedPixels {
  const { labels } = dataset;
  const { data, widths, heights, size, channels } = block;
  const length = rowLength(block);
  const indices = Uint32Array.from({ length: dataset.size }, (_, i) => i).filter(i => !failures.has(i));
  const failed = [...failures].sort(([a], [b]) => a - b);
  const skipped = failed.map(([index, reason]) => ({ path: dataset.describe?.(index) ?? `picture ${index}`, reason }));
  if (indices.length === 0) {
    throw new DataError(
      `loadPixels: at least one picture must be readable; got none in ${dataset.name}; ${describeSkipped(skipped, dataset.size)}`,
    );
  }
  // Rows only move towards the start, so they can be closed up in place.
  if (failures.size > 0) {
    indices.forEach((from, to) => {
      data.copyWithin(to * length, from * length, (from + 1) * length);
    });
  }
  return {
    data: data.subarray(0, indices.length * length),
    count: indices.length,
    size,
    channels,
    widths: Uint32Array.from(indices, i => widths[i]!),
    heights: Uint32Array.from(indices, i => heights[i]!),
    indices,
    ...(labels && { labels: Int32Array.from(indices, i => labels[i]!) }),
    fingerprint: digest(dataset.fingerprint, `${size} ${fit}`, indices),
    skipped: [...(dataset.skipped ?? []), ...skipped],
  };
}
