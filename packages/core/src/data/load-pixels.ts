import { availableParallelism, totalmem } from 'node:os';
import { ConfigError, DataError, SSLError } from '../errors.ts';
import { type Dataset, digest, type SkippedImage } from './dataset.ts';
import { type DecodedImage, reasonOf } from './decode.ts';
import { forEachLimited } from './parallel.ts';
import { type Fit, resizeImage } from './resize.ts';

export interface LoadOptions {
  /** Width and height of the stored pictures, in pixels. */
  readonly size: number;
  /** `fill` (default) squashes the whole picture, `cover` keeps the middle square. */
  readonly fit?: Fit;
  /** Pictures being decoded at once. Default: twice the cores, and at least 4. */
  readonly concurrency?: number;
  /** Called after each picture, readable or not. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A dataset decoded once into one block of memory. Row `n` is picture `indices[n]` of the dataset. */
export interface PackedPixels {
  /** `[N, size, size, channels]`, values 0 to 255. */
  readonly data: Uint8Array;
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
 * The result does not depend on `concurrency`.
 * @throws ConfigError when the size is no positive whole number or the pixels would not fit into this machine's memory.
 * @throws DataError when no picture could be read.
 */
export async function loadPixels(dataset: Dataset, options: LoadOptions): Promise<PackedPixels> {
  const { size, fit = 'fill', onProgress } = options;
  const rowBytes = checkedRowBytes(dataset, size);
  const data = new Uint8Array(dataset.size * rowBytes);
  const widths = new Uint32Array(dataset.size);
  const heights = new Uint32Array(dataset.size);
  const failures = new Map<number, string>();
  let done = 0;
  await forEachLimited(dataset.size, options.concurrency ?? Math.max(4, 2 * availableParallelism()), async index => {
    const image = await squareOrReason(dataset, index, size, fit);
    if (typeof image === 'string') failures.set(index, image);
    else {
      data.set(image.data, index * rowBytes);
      [widths[index], heights[index]] = shownSize(image, fit);
    }
    onProgress?.(++done, dataset.size);
  });
  return pack(dataset, { data, widths, heights, failures, size, fit });
}

/** One line for people: how many pictures were left out, the first few by name. Empty when there are none. */
export function describeSkipped(skipped: readonly SkippedImage[], total: number, shown = 3): string {
  if (skipped.length === 0) return '';
  const named = skipped.slice(0, shown).map(({ path, reason }) => `${path} (${reason})`);
  const more = skipped.length > shown ? ` and ${skipped.length - shown} more` : '';
  return `${skipped.length} of ${total} pictures skipped: ${named.join(', ')}${more}`;
}

function checkedRowBytes(dataset: Dataset, size: number): number {
  if (!Number.isInteger(size) || size < 1) {
    throw new ConfigError(`loadPixels: size must be a positive whole number of pixels; got ${size}`);
  }
  const rowBytes = size * size * dataset.channels;
  const [needed, available] = [dataset.size * rowBytes, totalmem()];
  if (needed > available) {
    const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
    throw new ConfigError(
      `loadPixels: the pixels must fit into memory; got ${dataset.size} pictures of ${size} x ${size}, ` +
        `${gigabytes(needed)} for ${gigabytes(available)}; use a smaller size or a part of the data`,
    );
  }
  return rowBytes;
}

async function squareOrReason(dataset: Dataset, index: number, size: number, fit: Fit): Promise<DecodedImage | string> {
  try {
    return resizeImage(await dataset.image(index, { shorterSide: size }), size, fit);
  } catch (error) {
    // Anything but a broken picture (no memory left, a fault in the source) must not pass for one.
    if (SSLError.isInstance(error) && error.name === 'DataError') return reasonOf(error);
    throw error;
  }
}

function shownSize({ width, height, source }: DecodedImage, fit: Fit): [width: number, height: number] {
  const shown = source ?? { width, height };
  if (fit === 'fill') return [shown.width, shown.height];
  const side = Math.min(shown.width, shown.height);
  return [side, side];
}

interface Rows {
  readonly data: Uint8Array;
  readonly widths: Uint32Array;
  readonly heights: Uint32Array;
  readonly failures: ReadonlyMap<number, string>;
  readonly size: number;
  readonly fit: Fit;
}

function pack(dataset: Dataset, { data, widths, heights, failures, size, fit }: Rows): PackedPixels {
  const { labels, channels } = dataset;
  const rowBytes = size * size * channels;
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
      data.copyWithin(to * rowBytes, from * rowBytes, (from + 1) * rowBytes);
    });
  }
  return {
    data: data.subarray(0, indices.length * rowBytes),
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
