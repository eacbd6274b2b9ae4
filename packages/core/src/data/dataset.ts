import { createHash } from 'node:crypto';
import { DataError } from '../errors.ts';
import type { DecodedImage } from './decode.ts';
import { RESERVED_STREAMS } from './host-rng.ts';
import { permutation } from './sampler.ts';

/** A picture that was left out, and why. */
export interface SkippedImage {
  readonly path: string;
  readonly reason: string;
}

/** What a reader of pixels may ask of {@link Dataset.image}. */
export interface ImageRequest {
  /** The picture may come reduced while its shorter side stays at least this long. */
  readonly shorterSide?: number;
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
}

export interface ArrayDatasetOptions {
  readonly name: string;
  /** `[N, height, width, channels]`, values 0 to 255. Kept, not copied. */
  readonly data: Uint8Array;
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
  const bytes = width * height * channels;
  const size = data.length / bytes;
  if (!Number.isInteger(size) || size < 1) {
    throw new DataError(
      `arrayDataset: data must hold whole pictures of ${height} x ${width} x ${channels} bytes; got ${data.length} bytes`,
    );
  }
  checkLabels(labels, classes, size);
  const fingerprint = options.fingerprint ?? digest(`${height}x${width}x${channels}`, data, labels);
  return {
    name,
    size,
    channels,
    fingerprint,
    ...(labels && { labels }),
    ...(classes && { classes }),
    image: async index => {
      checkIndex(name, index, size);
      return { data: data.subarray(index * bytes, (index + 1) * bytes), width, height, channels };
    },
  };
}

/**
 * The pictures at `indices`, in that order. Classes and skipped files stay those of the whole.
 * @throws DataError when there are none, or an index is out of range.
 */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  if (indices.length === 0)
    throw new DataError(`subset: at least one index must be given; got none of ${dataset.name}`);
  const rows = Uint32Array.from(indices, index => {
    checkIndex(dataset.name, index, dataset.size);
    return index;
  });
  const { labels, describe, classes, skipped, name, channels } = dataset;
  const parent = (index: number): number => {
    checkIndex(name, index, rows.length);
    return rows[index]!;
  };
  return {
    name,
    size: rows.length,
    channels,
    fingerprint: digest(dataset.fingerprint, rows),
    ...(classes && { classes }),
    ...(skipped && { skipped }),
    ...(labels && { labels: Int32Array.from(rows, row => labels[row]!) }),
    ...(describe && { describe: (index: number) => describe(parent(index)) }),
    image: async (index, request) => dataset.image(parent(index), request),
  };
}

export interface SplitOptions {
  /** Share of the pictures in the first part, between 0 and 1. */
  readonly fraction: number;
  readonly seed: number;
}

/**
 * Two parts that share no picture, drawn at random; each keeps the dataset's order.
 * @returns `[first, second]`; the first has `round(fraction · size)` pictures.
 * @throws DataError when a part would be empty.
 */
export function splitDataset(dataset: Dataset, { fraction, seed }: SplitOptions): [first: Dataset, second: Dataset] {
  const count = Math.round(fraction * dataset.size);
  if (!(count > 0 && count < dataset.size)) {
    throw new DataError(
      `splitDataset: both parts must have pictures; got fraction ${fraction} of ${dataset.size}; use a fraction between 0 and 1`,
    );
  }
  const drawn = permutation(dataset.size, seed, RESERVED_STREAMS.split, 0);
  return [subset(dataset, drawn.slice(0, count).sort()), subset(dataset, drawn.slice(count).sort())];
}

/** SHA-256 in hexadecimal over the parts in turn; the bytes of typed arrays, the UTF-8 of strings. */
export function digest(...parts: readonly (string | NodeJS.TypedArray | undefined)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) if (part !== undefined) hash.update(part);
  return hash.digest('hex');
}

function checkIndex(name: string, index: number, size: number): void {
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
