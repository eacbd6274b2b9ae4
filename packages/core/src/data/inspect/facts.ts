/** One pass over the pictures: each is read and decoded once, and what is kept of it takes some 350 bytes. */
import { createHash } from 'node:crypto';
import type { Dataset } from '../dataset.ts';
import { type DecodedImage, decodeImage, type ImageHeader, readImageHeader, reasonOf } from '../decode.ts';
import { forEachLimited } from '../parallel.ts';
import { isGrey } from './look-at.ts';
import { reducedBytes, signatureOf } from './signature.ts';

/** Pictures under way at once: sharp decodes in four threads, and some wait for the disk. */
const IN_FLIGHT = 8;
/** Bytes kept of a SHA-256: two different pictures of a billion are then equal with a chance of 10^-21. */
const DIGEST = 16;
/** Levels of 255 within which every channel of a blank picture stays. */
const BLANK_RANGE = 4;

/** The pictures of one part of the data that are looked at. */
export interface SplitSource {
  readonly name: string;
  readonly dataset: Dataset;
  /** Rising. */
  readonly indices: Uint32Array;
}

/** Columns of a table with a row for each picture, the parts one after the other. */
export interface Facts {
  readonly splits: readonly SplitSource[];
  readonly rows: number;
  /** Place of the part in `splits`. */
  readonly split: Uint16Array;
  /** In the part's dataset. */
  readonly index: Uint32Array;
  /** True sizes in pixels; 0 where the picture cannot be read. */
  readonly width: Uint32Array;
  readonly height: Uint32Array;
  /** Encoded; 0 where the source has pixels. */
  readonly bytes: Float64Array;
  /** 1 for three equal channels. */
  readonly grey: Uint8Array;
  /** 1 where nothing is to be seen. */
  readonly blank: Uint8Array;
  /** `[rows, 16]`; of the encoded bytes (zeros where there are none), and of size and pixels. */
  readonly fileDigest: Uint8Array;
  readonly pixelDigest: Uint8Array;
  /** `[rows, 2]` and `[rows, k]`: see `signature.ts`. */
  readonly hash: Uint32Array;
  readonly reduced: Uint8Array;
  /** Place in `kinds` plus 1; 0 where the source has pixels. */
  readonly kind: Uint8Array;
  /** Format, channels and depth of files, each combination once. */
  readonly kinds: readonly FileKind[];
  /** By row, why a picture cannot be read. */
  readonly failures: ReadonlyMap<number, string>;
}

export type FileKind = Pick<ImageHeader, 'format' | 'channels' | 'depth'>;

/** @param signal stops between two pictures. */
export async function gatherFacts(
  splits: readonly SplitSource[],
  onProgress?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<Facts> {
  const facts = emptyFacts(splits);
  const { rows, kinds, failures } = facts;
  const stride = reducedBytes(splits[0]!.dataset.channels);
  const read = async (row: number): Promise<DecodedImage> => {
    const { dataset } = splits[facts.split[row]!]!;
    const index = facts.index[row]!;
    if (!dataset.encoded) return dataset.image(index);
    const { bytes, decode } = await dataset.encoded(index);
    facts.bytes[row] = bytes.length;
    facts.fileDigest.set(digestOf(bytes), row * DIGEST);
    facts.kind[row] = 1 + placeOf(kinds, await readImageHeader(bytes));
    return decodeImage(bytes, decode);
  };

  let done = 0;
  await forEachLimited(rows, IN_FLIGHT, async row => {
    signal?.throwIfAborted();
    try {
      const image = await read(row);
      const { hash, reduced } = signatureOf(image);
      facts.width[row] = image.source?.width ?? image.width;
      facts.height[row] = image.source?.height ?? image.height;
      facts.grey[row] = isGrey(image) ? 1 : 0;
      facts.blank[row] = isBlank(image) ? 1 : 0;
      facts.pixelDigest.set(digestOf(image.data, `${image.width} ${image.height} `), row * DIGEST);
      facts.hash.set(hash, row * 2);
      facts.reduced.set(reduced, row * stride);
    } catch (error) {
      failures.set(row, reasonOf(error));
    }
    onProgress?.(++done, rows);
  });
  return facts;
}

interface WritableFacts extends Facts {
  readonly kinds: FileKind[];
  readonly failures: Map<number, string>;
}

function emptyFacts(splits: readonly SplitSource[]): WritableFacts {
  const rows = splits.reduce((sum, { indices }) => sum + indices.length, 0);
  const stride = reducedBytes(splits[0]!.dataset.channels);
  const facts: WritableFacts = {
    splits,
    rows,
    split: new Uint16Array(rows),
    index: new Uint32Array(rows),
    width: new Uint32Array(rows),
    height: new Uint32Array(rows),
    bytes: new Float64Array(rows),
    grey: new Uint8Array(rows),
    blank: new Uint8Array(rows),
    fileDigest: new Uint8Array(rows * DIGEST),
    pixelDigest: new Uint8Array(rows * DIGEST),
    hash: new Uint32Array(rows * 2),
    reduced: new Uint8Array(rows * stride),
    kind: new Uint8Array(rows),
    kinds: [],
    failures: new Map(),
  };
  let first = 0;
  for (const [place, { indices }] of splits.entries()) {
    facts.split.fill(place, first, first + indices.length);
    facts.index.set(indices, first);
    first += indices.length;
  }
  return facts;
}

/** The 16 bytes of a row as a key of a map. */
export function digestKey(digests: Uint8Array, row: number): string {
  return Buffer.from(digests.buffer, digests.byteOffset + row * DIGEST, DIGEST).toString('latin1');
}

/** What a row's `reduced` is. */
export function reducedOf({ reduced, rows }: Facts, row: number): Uint8Array {
  const stride = reduced.length / rows;
  return reduced.subarray(row * stride, (row + 1) * stride);
}

function digestOf(data: Uint8Array | Float32Array, before = ''): Uint8Array {
  return createHash('sha256').update(before).update(data).digest().subarray(0, DIGEST);
}

function placeOf(kinds: FileKind[], { format, channels, depth }: ImageHeader): number {
  const place = kinds.findIndex(kind => kind.format === format && kind.channels === channels && kind.depth === depth);
  return place >= 0 ? place : kinds.push({ format, channels, depth }) - 1;
}

/** Ends at the first values that differ, so that it costs nothing for most pictures. */
function isBlank({ data, channels }: DecodedImage): boolean {
  for (let c = 0; c < channels; c++) {
    let [low, high] = [data[c]!, data[c]!];
    for (let i = c; i < data.length; i += channels) {
      if (data[i]! < low) low = data[i]!;
      else if (data[i]! > high) high = data[i]!;
      if (high - low > BLANK_RANGE) return false;
    }
  }
  return true;
}
