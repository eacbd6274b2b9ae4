import { decodeFault } from './decode-fault.ts';

/**
 * libvips (up to 8.18 at least) mixes up the rows of TIFF files that keep grey bands in separate planes, without a word: it steps
 * by the length of one plane's row through rows of all. Files whose bands are called colours go another way there, which is right.
 */

const TAG = { photometric: 262, samples: 277, planar: 284, tileWidth: 322 } as const;
const GREY = 1;
const COLORS = 2;
const SEPARATE_PLANES = 2;

/**
 * @returns a copy of such a file in which the bands are called colours, to be read as plain bands; `undefined` for any other file.
 * @throws DataError for planes that are cut into tiles, which libvips cannot read.
 */
export function withoutGreyPlanes(bytes: Uint8Array): Uint8Array | undefined {
  const places = firstDirectory(bytes);
  if (!places) return undefined;
  const { view, little, at } = places;
  const value = (tag: number): number | undefined => {
    const place = at.get(tag);
    return place === undefined ? undefined : view.getUint16(place, little);
  };
  const one = (value(TAG.samples) ?? 1) <= 1;
  if (one || value(TAG.planar) !== SEPARATE_PLANES) return undefined;
  if (at.has(TAG.tileWidth))
    throw decodeFault('a TIFF of tiles in separate planes (store the bands of a pixel together)');
  if (value(TAG.photometric) !== GREY) return undefined;
  const copy = Uint8Array.from(bytes);
  new DataView(copy.buffer).setUint16(at.get(TAG.photometric)!, COLORS, little);
  return copy;
}

interface Directory {
  readonly view: DataView;
  readonly little: boolean;
  /** By tag, where its value is, if that is one short number. */
  readonly at: ReadonlyMap<number, number>;
}

/** The entries of a TIFF's first directory (TIFF 6.0, section 2, and BigTIFF), as far as they lie within the bytes. */
function firstDirectory(bytes: Uint8Array): Directory | undefined {
  const mark = bytes[0];
  if (bytes.length < 16 || mark !== bytes[1] || (mark !== 0x49 && mark !== 0x4d)) return undefined; // II or MM
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = mark === 0x49;
  const version = view.getUint16(2, little);
  if (version !== 42 && version !== 43) return undefined;
  const big = version === 43;
  const start = big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little);
  const [first, size, value] = big ? [start + 8, 20, 12] : [start + 2, 12, 8];
  if (first > bytes.length) return undefined;
  const count = big ? Number(view.getBigUint64(start, little)) : view.getUint16(start, little);
  const at = new Map<number, number>();
  for (let i = 0, entry = first; i < count && entry + size <= bytes.length; i++, entry += size) {
    at.set(view.getUint16(entry, little), entry + value);
  }
  return { view, little, at };
}
