/** Which JPEGs need nothing but decoding: no turning, no profile, no inks, no reduction while decoding. */
import type { JpegShape } from '../engine/jpeg.ts';
import { decodesWhole } from './decode-color.ts';
import type { DecodeOptions } from './decode-options.ts';
import { firstDirectory } from './tiff-directory.ts';

/** Second bytes of markers (ITU T.81, table B.1). */
const MARKER = {
  start: 0xd8,
  end: 0xd9,
  baseline: 0xc0,
  extended: 0xc1,
  progressive: 0xc2,
  app1: 0xe1,
  app2: 0xe2,
  app14: 0xee,
};
const FRAMES: readonly number[] = [MARKER.baseline, MARKER.extended, MARKER.progressive];
const TABLES: readonly number[] = [0xc4, 0xdb, 0xdd]; // Huffman, quantization, restart interval
/** Parts of programs (APPn), of which three may change the picture, and comments. */
const SKIPPED = [0xe0, 0xef] as const;
const COMMENT = 0xfe;

const EXIF = 'Exif\0\0';
const PROFILE = 'ICC_PROFILE';
const ORIENTATION = 274;
/** Adobe's marker (TN 5116): three components are YCbCr. */
const ADOBE = { name: 'Adobe', transform: 11, yCbCr: 1 } as const;
/** Width times height, of pictures that are decoded in one piece of memory for each thread. */
const MOST_PIXELS = 2 ** 24;

/**
 * The shape of such a JPEG, as it is to be decoded; `undefined` for any other file, and where the options ask for more than decoding. It reads up to
 * the frame's header and takes nothing on trust that it does not know.
 */
export function plainJpeg(encoded: Uint8Array, options: DecodeOptions): JpegShape | undefined {
  const { channels = 3, depth = 'uint8', page = 0 } = options;
  if (depth !== 'uint8' || page !== 0 || (channels !== 3 && channels !== 1)) return undefined;
  const frame = isWhole(encoded) ? plainFrame(encoded) : undefined;
  if (!frame) return undefined;
  const { width, height, components } = frame;
  const matches = components === channels || (components === 1 && channels === 3);
  const decodable = width > 0 && height > 0 && width * height <= MOST_PIXELS && decodesWhole(width, height, options);
  return matches && decodable ? { width, height, channels } : undefined;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
}

/** Whether it ends as it should. The engine's decoder refuses one that was cut, too, but reports that to the screen as well. */
function isWhole(bytes: Uint8Array): boolean {
  return bytes.at(-2) === 0xff && bytes.at(-1) === MARKER.end;
}

function plainFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== MARKER.start) return undefined;
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  for (let at = 2; at + 10 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    const length = word(at + 2);
    const segment = bytes.subarray(at + 4, at + 2 + length);
    if (FRAMES.includes(marker)) return frameOf(segment);
    if (!isHarmless(marker, segment)) return undefined;
    at += 2 + length;
  }
  return undefined;
}

function frameOf(segment: Uint8Array): Frame | undefined {
  const [precision, highY, lowY, highX, lowX, components] = segment;
  if (precision !== 8 || segment.length !== 6 + 3 * components!) return undefined;
  return { height: (highY! << 8) | lowY!, width: (highX! << 8) | lowX!, components: components! };
}

/** Whether the picture is what it is without this part. */
function isHarmless(marker: number, segment: Uint8Array): boolean {
  const starts = (text: string): boolean => [...text].every((letter, i) => segment[i] === letter.charCodeAt(0));
  if (TABLES.includes(marker) || marker === COMMENT) return true;
  if (marker < SKIPPED[0] || marker > SKIPPED[1]) return false;
  if (marker === MARKER.app1 && starts(EXIF)) return isUpright(segment.subarray(EXIF.length));
  if (marker === MARKER.app2) return !starts(PROFILE);
  if (marker === MARKER.app14) return !starts(ADOBE.name) || segment[ADOBE.transform] === ADOBE.yCbCr;
  return true;
}

function isUpright(exif: Uint8Array): boolean {
  const directory = firstDirectory(exif);
  if (!directory) return false; // sharp may find more in it
  const { view, little, at } = directory;
  const place = at.get(ORIENTATION);
  return place === undefined || view.getUint16(place, little) === 1;
}
