import { createHash } from 'node:crypto';
import { DataError } from '../errors.ts';
import type { DecodedImage, DecodeOptions, Depth, ImageRequest, PixelData } from './decode.ts';
import { shardsOfRows } from './sampler.ts';

/** A picture that was left out, and why. */
export interface SkippedImage {
  readonly path: string;
  readonly reason: string;
}

/** A picture that is still to be decoded: `decodeImage(bytes, decode)` gives its pixels, on any thread. */
export interface EncodedImage {
  readonly bytes: Uint8Array;
  /** Plain data, which can be sent to another thread. */
  readonly decode: DecodeOptions;
}

/** The same, still to be read from a file of its own. */
export interface ImageFile {
  /** Absolute. */
  readonly path: string;
  readonly decode: DecodeOptions;
}

/**
 * Pictures in a fixed order, in memory, on disk or elsewhere. `image` is the only call that touches pixels: a source of millions
 * opens without decoding, and one that stores shards, rows of tables or eight bands a pixel fits behind the same four facts.
 */
export interface Dataset {
  readonly name: string;
  readonly size: number;
  /** Channels of every picture: 1 grey, 3 RGB, or more. */
  readonly channels: number;
  /** What every picture's values are: bytes (default), or floats, still 0 to 255, which keep what 8 bits would lose. */
  readonly depth?: Depth;
  /** Identity of the content. A checkpoint keeps it, and a resumed run refuses other data. */
  readonly fingerprint: string;
  /** Names of the classes, where pictures are labelled. */
  readonly classes?: readonly string[];
  /** `[size]`, an index into `classes` for each picture, −1 where it has none. */
  readonly labels?: Int32Array;
  /** Files that were left out when the source was opened. */
  readonly skipped?: readonly SkippedImage[];
  /**
   * Picture `index` decoded: `[height, width, channels]`, values 0 to 255. It may be a view of the dataset's memory: do not write into it.
   * @throws DataError when the picture cannot be decoded; its `cause` has the short reason.
   */
  image(index: number, request?: ImageRequest): Promise<DecodedImage>;
  /** Where picture `index` comes from, for messages: a path, or the name of a member. */
  describe?(index: number): string;
  /**
   * Sizes of consecutive runs of pictures that are cheap to read in order (shards, row groups); their sum is `size`. An epoch then
   * shuffles the shards, and the pictures within a buffer.
   */
  readonly shards?: readonly number[];
  /** How many pictures an epoch over `shards` shuffles at once, where the default of {@link orderOf} would need too much memory. */
  readonly shuffleBuffer?: number;
  /**
   * The picture before decoding, so that another thread can decode it; what comes out is what `image` gives.
   * Left out by sources that have pixels already.
   * @throws DataError when it cannot be read; its `cause` has the short reason.
   */
  encoded?(index: number): Promise<EncodedImage>;
  /** The file that `encoded` reads, where it holds this picture alone: the thread that decodes it then reads it, too. */
  file?(index: number): ImageFile;
  /** Closes files. The dataset cannot be used afterwards. */
  close?(): Promise<void>;
}

export interface ArrayDatasetOptions {
  readonly name: string;
  /** `[N, height, width, channels]`, values 0 to 255, also where they are floats. Kept, not copied. */
  readonly data: PixelData;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly labels?: Int32Array;
  readonly classes?: readonly string[];
  /** Left out, it is computed from the pixels and the labels. */
  readonly fingerprint?: string;
}

/**
 * Pictures of one size that are in memory already.
 * @throws DataError when the lengths do not fit, or a label has no class.
 */
export function arrayDataset(options: ArrayDatasetOptions): Dataset {
  const { name, data, width, height, channels, labels, classes } = options;
  const values = width * height * channels;
  const size = data.length / values;
  if (!Number.isInteger(size) || size < 1) {
    throw new DataError(
      `arrayDataset: data must hold whole pictures of ${height} x ${width} x ${channels} values; got ${data.length} values`,
    );
  }
  checkLabels(labels, classes, size);
  const fingerprint = options.fingerprint ?? digest(`${height}x${width}x${channels}`, data, labels);
  return {
    name,
    size,
    channels,
    ...(data instanceof Float32Array && { depth: 'float32' as const }),
    fingerprint,
    ...(labels && { labels }),
    ...(classes && { classes }),
    image: async index => {
      checkIndex(name, index, size);
      return { data: data.subarray(index * values, (index + 1) * values), width, height, channels };
    },
  };
}

/**
 * The pictures at `indices`, in that order. Classes and skipped files stay those of the whole; closing a part closes the whole.
 * @throws DataError when there are none, or an index is out of range.
 */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  if (indices.length === 0)
    throw new DataError(`subset: at least one index must be given; got none of ${dataset.name}`);
  const rows = Uint32Array.from(indices, index => {
    checkIndex(dataset.name, index, dataset.size);
    return index;
  });
  const { labels, describe, classes, skipped, name, channels, depth, shards, shuffleBuffer, encoded, file, close } =
    dataset;
  const parent = (index: number): number => {
    checkIndex(name, index, rows.length);
    return rows[index]!;
  };
  return {
    name,
    size: rows.length,
    channels,
    ...(depth && { depth }),
    fingerprint: digest(dataset.fingerprint, rows),
    ...(classes && { classes }),
    ...(skipped && { skipped }),
    ...(labels && { labels: Int32Array.from(rows, row => labels[row]!) }),
    ...(describe && { describe: (index: number) => describe(parent(index)) }),
    ...(shards && { shards: shardsOfRows(shards, rows) }),
    ...(shuffleBuffer !== undefined && { shuffleBuffer }),
    image: async (index, request) => dataset.image(parent(index), request),
    ...(encoded && { encoded: async (index: number) => encoded.call(dataset, parent(index)) }),
    ...(file && { file: (index: number) => file.call(dataset, parent(index)) }),
    ...(close && { close: async () => close.call(dataset) }),
  };
}

/** SHA-256 in hexadecimal over the parts in turn; the bytes of typed arrays, the UTF-8 of strings. */
export function digest(...parts: readonly (string | NodeJS.TypedArray | undefined)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) if (part !== undefined) hash.update(part);
  return hash.digest('hex');
}

/** @throws DataError when `index` is no place in the `size` pictures of the dataset `name`. */
export function checkIndex(name: string, index: number, size: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= size) {
    throw new DataError(`${name}: an index must be a whole number from 0 to ${size - 1}; got ${index}`);
  }
}

function checkLabels(labels: Int32Array | undefined, classes: readonly string[] | undefined, size: number): void {
  if (!labels) return;
  if (labels.length !== size) {
    throw new DataError(`arrayDataset: there must be one label for each picture; got ${labels.length} for ${size}`);
  }
  const wrong = labels.find(label => label < -1 || (classes !== undefined && label >= classes.length));
  if (wrong !== undefined) {
    throw new DataError(`arrayDataset: a label must be -1 or an index of the ${classes?.length} classes; got ${wrong}`);
  }
}
