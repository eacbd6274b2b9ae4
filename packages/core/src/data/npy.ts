/** NumPy's own file format for one array (numpy/lib/format.py, versions 1 to 3), as far as pictures need it. */
import { decodeFault } from './decode-fault.ts';
import type { StoredValues } from './pixel-values.ts';

export interface NpyHeader {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: 'uint8' | 'uint16' | 'float32' | 'float64';
  readonly bigEndian: boolean;
  /** Where the values start. */
  readonly offset: number;
}

const MAGIC = [0x93, ...Buffer.from('NUMPY')];
/** Longer headers hold other things than the dtype of a picture. NumPy itself refuses more (`_MAX_HEADER_SIZE`). */
const MAX_HEADER = 10_000;
const DTYPES = { u1: 'uint8', u2: 'uint16', f4: 'float32', f8: 'float64' } as const;
const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array, float64: Float64Array };

/** Whether the bytes start as a `.npy` file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * What a file says about itself: C order, `|u1`, `<u2`, `<f4` or `<f8` (or `>`), shape `[H, W]` or `[H, W, C]`.
 * @param bytes at least the header.
 * @throws DataError for any other array; its `cause` has the short reason.
 */
export function readNpyHeader(bytes: Uint8Array): NpyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const short = bytes[6] === 1; // version 1 counts the header's bytes in 16 bits, later ones in 32
  const start = short ? 10 : 12;
  const length = bytes.length < start ? Number.NaN : short ? view.getUint16(8, true) : view.getUint32(8, true);
  if (!(length <= MAX_HEADER && start + length <= bytes.length)) throw decodeFault('damaged or truncated');
  const text = Buffer.from(bytes.subarray(start, start + length))
    .toString('latin1')
    .replaceAll(/[^ -~]/g, '?');
  const entry = (name: string, value: string): string => {
    const found = new RegExp(`'${name}'\\s*:\\s*(${value})`).exec(text)?.[1];
    if (found === undefined) throw decodeFault('a .npy file whose header cannot be read');
    return found;
  };
  const descr = entry('descr', '[^,}]*').trim();
  const [, order, code] = /^'([|<>=])(\w\d)'$/.exec(descr) ?? [];
  if (code === undefined || !Object.hasOwn(DTYPES, code)) {
    throw decodeFault(`a .npy file of dtype ${descr.slice(0, 20)} (uint8, uint16, float32 and float64 can be read)`);
  }
  if (entry('fortran_order', 'True|False') === 'True') {
    throw decodeFault('a .npy file in Fortran order (save numpy.ascontiguousarray of it)');
  }
  const shape = entry('shape', '\\([\\d\\s,]*\\)');
  const sizes = shape.match(/\d+/g)?.map(Number) ?? [];
  const [height, width, channels = 1] = sizes;
  if (!height || !width || !channels || sizes.length > 3) {
    throw decodeFault(`a .npy file of shape ${shape.slice(0, 40)} ((H, W) and (H, W, C) can be read)`);
  }
  return {
    width,
    height,
    channels,
    dtype: DTYPES[code as keyof typeof DTYPES],
    bigEndian: order === '>',
    offset: start + length,
  };
}

/** @returns the array's values, `[height, width, channels]`. @throws DataError as `readNpyHeader`, and when values are missing. */
export function readNpyValues(
  bytes: Uint8Array,
  { width, height, channels, dtype, bigEndian, offset }: NpyHeader,
): StoredValues {
  const Values = ARRAYS[dtype];
  const end = offset + width * height * channels * Values.BYTES_PER_ELEMENT;
  if (end > bytes.length) throw decodeFault('damaged or truncated');
  const copy = Buffer.from(new Uint8Array(bytes.subarray(offset, end)).buffer); // aligned, and free to be swapped
  if (bigEndian) swap(copy, Values.BYTES_PER_ELEMENT);
  return new Values(copy.buffer);
}

function swap(bytes: Buffer, width: number): void {
  if (width === 2) bytes.swap16();
  if (width === 4) bytes.swap32();
  if (width === 8) bytes.swap64();
}
