import sharp, { type Sharp } from 'sharp';
import type { JpegDecoder } from '../engine/jpeg.ts';
import { SSLError } from '../errors.ts';
import { decodeBands } from './decode-bands.ts';
import { colorKind, decodeColor, decodeDeepColor } from './decode-color.ts';
import { bandsFault, decodeFault } from './decode-fault.ts';
import { checkDecodeOptions, type DecodedImage, type DecodeOptions, type PixelData } from './decode-options.ts';
import { isNpy, readNpyHeader, readNpyValues } from './npy.ts';
import { headerOf, openPicture, plainReason } from './open-picture.ts';
import { pixelValues } from './pixel-values.ts';
import { plainJpeg } from './plain-jpeg.ts';
import { withoutGreyPlanes } from './planar-tiff.ts';
import { resample, resizeImage } from './resize.ts';

export {
  checkDecodeOptions,
  type DecodedImage,
  type DecodeOptions,
  type Depth,
  type ImageRequest,
  MAX_CHANNELS,
  type PixelData,
  type SourceDecoding,
} from './decode-options.ts';

/**
 * Decodes a JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG or NumPy's `.npy`; which one it is, the first bytes say.
 *
 * Channels. 3 and 1 are sRGB and grey: embedded profiles and CMYK are converted, transparency is laid on white. Any other number
 * takes the file's own bands with nothing converted or laid on anything (2 and 4 of a PNG: with its alpha), and there must be as many.
 * So it is also for 3 and 1 where a file has numbers rather than colours: floats, signed or 32-bit integers, `.npy`, 16 bits with a
 * `range`, and more bands than a colour and alpha.
 *
 * Depth. 16 bits are divided by 257 (to 255), rounded for `uint8`; libvips alone would be off by up to 1. With a `range` they are
 * scaled by it instead, as 12-bit sensors need. Floats need a `range`, since their white may be 1, 255 or 10 000; values beyond it
 * are cut. 8 bits stay as they are, whatever the range.
 *
 * The EXIF orientation is applied, and of an animation or a document the first picture is taken, or that of `page`.
 * @returns `[height, width, channels]`, 0 to 255: floats for a depth of `float32`, whatever the file holds, else bytes.
 * @throws DataError when the bytes are no picture, a damaged or truncated one, or one with other channels; its `cause` has the short
 * reason as its message.
 * @throws ConfigError when an option is out of range.
 */
export async function decodeImage(
  encoded: Uint8Array,
  options: DecodeOptions = {},
  { jpeg, into }: DecodeHelp = {},
): Promise<DecodedImage> {
  checkDecodeOptions('decodeImage', options);
  try {
    const known = jpeg && decodePlainJpeg(jpeg, encoded, options, into);
    if (known) return known;
    if (isNpy(encoded)) return reduced(decodeNpy(encoded, options), options);
    const planes = withoutGreyPlanes(encoded);
    const picture = openPicture(planes ?? encoded, { page: options.page });
    const header = await headerOf(picture);
    const kind = isColor(options) && !planes ? colorKind(header) : undefined;
    if (kind === 'bytes') return reduced(await decodeColor(picture, header, options), options, into);
    if (kind === 'words' && !options.range) return await decodeDeepColor(picture, header, options);
    return reduced(await decodeBands(planes ?? encoded, header, options), options);
  } catch (error) {
    throw SSLError.isInstance(error) ? error : decodeFault(plainReason(error), error);
  }
}

/** What makes decoding faster, and changes nothing else. */
export interface DecodeHelp {
  /** Decodes the JPEGs that need nothing but decoding. */
  readonly jpeg?: JpegDecoder | undefined;
  /** Memory for the values of a picture that is reduced, used if it is as large as they are. */
  readonly into?: ArrayBuffer | undefined;
}

function decodePlainJpeg(
  decoder: JpegDecoder,
  encoded: Uint8Array,
  options: DecodeOptions,
  into?: ArrayBuffer,
): DecodedImage | undefined {
  const shape = plainJpeg(encoded, options);
  const data = shape && decoder(encoded, shape);
  if (!data) return undefined; // sharp decodes it, or finds out what is wrong
  const whole = { data, ...shape };
  const image = reduced(whole, options, into);
  return image === whole ? { ...whole, data: data.slice() } : image; // the decoder uses its memory again
}

/** What the start of a file says about its picture. */
export interface ImageHeader {
  /** Pixels, the EXIF orientation applied. */
  readonly width: number;
  readonly height: number;
  /** `jpeg`, `png`, `tiff`, `npy`, … */
  readonly format: string;
  /** Bands in the file, alpha counted. */
  readonly channels: number;
  /** What a value is: `uint8`, `uint16`, `float32`, … */
  readonly depth: string;
}

/**
 * Reads only the header: enough to tell a picture from something else, not enough to notice missing pixels.
 * @throws DataError when the bytes do not start like a picture; its `cause` has the short reason.
 */
export async function readImageHeader(encoded: Uint8Array): Promise<ImageHeader> {
  try {
    if (isNpy(encoded)) {
      const { width, height, channels, dtype } = readNpyHeader(encoded);
      return { width, height, channels, depth: dtype, format: 'npy' };
    }
    const { format, autoOrient, channels, depth } = await headerOf(openPicture(encoded));
    return { width: autoOrient.width, height: autoOrient.height, format, channels, depth: DEPTHS[depth] ?? depth };
  } catch (error) {
    throw SSLError.isInstance(error) ? error : decodeFault(plainReason(error), error);
  }
}

/** libvips' names of number types in everybody's words. */
const DEPTHS: Readonly<Record<string, string>> = {
  uchar: 'uint8',
  char: 'int8',
  ushort: 'uint16',
  short: 'int16',
  uint: 'uint32',
  int: 'int32',
  float: 'float32',
  double: 'float64',
};

function isColor({ channels = 3 }: DecodeOptions): boolean {
  return channels === 1 || channels === 3;
}

function decodeNpy(encoded: Uint8Array, options: DecodeOptions): DecodedImage {
  const header = readNpyHeader(encoded);
  const { width, height, channels } = header;
  const { channels: asked = 3 } = options;
  if (channels !== asked) throw bandsFault(channels, asked);
  return { data: pixelValues(readNpyValues(encoded, header), options), width, height, channels };
}

/** Made smaller where sharp did not do it, which takes 2 and 4 channels for transparency. */
function reduced(image: DecodedImage, { shorterSide, square }: DecodeOptions, into?: ArrayBuffer): DecodedImage {
  const { width, height } = image;
  const side = Math.min(width, height);
  if (shorterSide === undefined || side <= shorterSide) return image;
  if (square) return resizeImage(image, shorterSide, 'fill', into);
  const scaled = (length: number): number => Math.round((length * shorterSide) / side);
  return resample(image, scaled(width), scaled(height));
}

/** Encodes losslessly as an 8-bit PNG, as small as zlib makes it. Grey for 1 channel, RGB for 3, RGBA for 4. */
export async function encodePng(image: DecodedImage): Promise<Uint8Array> {
  // No `effort`: setting it makes sharp reduce the colours to a palette.
  return fromPixels(image).png({ compressionLevel: 9 }).toBuffer();
}

/** The short reason inside an error of {@link decodeImage}: "empty file (0 bytes)", "damaged or truncated". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** The values as bytes, rounded: the same ones where they are bytes already. */
export function bytesOf(data: PixelData): Uint8Array {
  return data instanceof Float32Array ? Uint8Array.from(data, value => Math.round(value)) : data;
}

function fromPixels({ data, width, height, channels }: DecodedImage): Sharp {
  const picture = sharp(bytesOf(data), { raw: { width, height, channels: channels as 1 | 2 | 3 | 4 } });
  return channels === 1 ? picture.toColourspace('b-w') : picture;
}
