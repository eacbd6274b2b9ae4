import { decodeFault } from './decode-fault.ts';
import { firstDirectory } from './tiff-directory.ts';

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
