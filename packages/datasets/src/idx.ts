/** The IDX format of MNIST. Described at http://yann.lecun.com/exdb/mnist/ */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { arrayDataset, DataError, type Dataset } from '@ssl/core/data';

export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

export interface IdxOptions {
  readonly name: string;
  /** `[N, rows, columns]` bytes. */
  readonly images: string;
  /** `[N]` bytes. */
  readonly labels?: string;
  /** Left out, they are named by their numbers. */
  readonly classes?: readonly string[];
  /** Pictures lie on their side, rows and columns exchanged: EMNIST's do. */
  readonly transposed?: boolean;
}

/** The only type of values that sets of pictures have. */
const UNSIGNED_BYTE = 0x08;
const inflate = promisify(gunzip);

/** Reads a file of bytes, compressed with gzip or not. Throws `DataError` when it is missing, damaged or of another type. */
export async function readIdx(file: string): Promise<IdxArray> {
  const bytes = await content(file);
  const wrong = (got: string): DataError =>
    new DataError(`readIdx: ${file} must be a whole IDX file of unsigned bytes; got ${got}; fetch it again`);
  if (bytes.length < 4) throw wrong(`${bytes.length} bytes`);
  if (bytes.readUInt16BE(0) !== 0 || bytes[2] !== UNSIGNED_BYTE) {
    throw wrong(`the magic number 0x${bytes.toString('hex', 0, 4)}`);
  }
  const rank = bytes[3]!;
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw wrong(`${bytes.length} bytes`);
  const shape = Array.from({ length: rank }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length - start !== size) throw wrong(`${bytes.length - start} values for [${shape.join(', ')}]`);
  return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + start, size) };
}

/**
 * Grey pictures in IDX files, kept in memory: MNIST's, and any set's that has the format.
 * @throws DataError when a file is missing or damaged, or the two do not belong together.
 */
export async function idxDataset(options: IdxOptions): Promise<Dataset> {
  const { name, transposed = false } = options;
  const images = await readIdx(options.images);
  const labels = options.labels === undefined ? undefined : await readIdx(options.labels);
  const [count, height, width] = images.shape;
  if (images.shape.length !== 3 || count === 0) {
    throw new DataError(
      `${name}: pictures must be [N, rows, columns]; got [${images.shape.join(', ')}] in ${options.images}`,
    );
  }
  if (labels && (labels.shape.length !== 1 || labels.shape[0] !== count)) {
    throw new DataError(
      `${name}: there must be one label for each of ${count} pictures; got [${labels.shape.join(', ')}] in ${options.labels}`,
    );
  }
  const classes = options.classes ?? (labels && numbers(Math.max(...new Set(labels.data)) + 1));
  return arrayDataset({
    name,
    data: transposed ? turned(images.data, height!, width!) : images.data,
    width: transposed ? height! : width!,
    height: transposed ? width! : height!,
    channels: 1,
    ...(labels && { labels: Int32Array.from(labels.data) }),
    ...(classes && { classes }),
  });
}

async function content(file: string): Promise<Buffer> {
  try {
    const bytes = await readFile(file);
    const compressed = bytes[0] === 0x1f && bytes[1] === 0x8b; // RFC 1952, section 2.3.1
    return compressed ? await inflate(bytes) : bytes;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DataError(`readIdx: ${file} must be readable; got ${code}; check the path, or fetch it again`, {
      cause: error,
    });
  }
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

/** `[N, width, height]` from `[N, height, width]`. */
function turned(data: Uint8Array, height: number, width: number): Uint8Array {
  const out = new Uint8Array(data.length);
  const bytes = height * width;
  for (let start = 0; start < data.length; start += bytes) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) out[start + x * height + y] = data[start + y * width + x]!;
    }
  }
  return out;
}
