import sharp, { type Sharp } from 'sharp';
import { DataError } from '../errors.ts';

/** A picture as pixels: interleaved `[height, width, channels]`, values 0 to 255. */
export interface DecodedImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** The picture's size before it was reduced on request; left out when `width` and `height` are the true size. */
  readonly source?: { readonly width: number; readonly height: number };
}

export interface DecodeOptions {
  /** 3 = sRGB (default), 1 = grey (libvips' `b-w`, CIE luminance in sRGB's transfer curve). */
  readonly channels?: 1 | 3;
  /** The picture may be reduced while its shorter side stays at least this long: large JPEGs need not be decoded whole. */
  readonly shorterSide?: number;
}

// The triangle filter, widened when reducing: what PIL and torchvision call antialiased bilinear.
const KERNEL = 'linear';

/**
 * Decodes a JPEG, PNG, WebP, AVIF, GIF, TIFF or SVG. The EXIF orientation is applied, transparency is laid on white, other colour
 * spaces (CMYK, embedded profiles) become sRGB, 16 bits become 8, and of an animation the first frame is taken.
 * @throws DataError when the bytes are no picture, or a damaged or truncated one; its `cause` has the short reason as its message.
 */
export async function decodeImage(
  encoded: Uint8Array,
  { channels = 3, shorterSide }: DecodeOptions = {},
): Promise<DecodedImage> {
  try {
    const picture = open(encoded);
    const source = shorterSide === undefined ? undefined : await orientedSize(picture);
    const pipeline = picture
      .autoOrient()
      .flatten({ background: '#fff' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb');
    if (source && shorterSide !== undefined && Math.min(source.width, source.height) > shorterSide) {
      pipeline.resize({ width: shorterSide, height: shorterSide, fit: 'outside', kernel: KERNEL });
    }
    const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== channels) throw new Error(`decoded to ${info.channels} channels instead of ${channels}`);
    const reduced = source && source.width * source.height !== info.width * info.height;
    return { data, width: info.width, height: info.height, channels, ...(reduced ? { source } : {}) };
  } catch (error) {
    throw unreadable(error);
  }
}

/**
 * Reads only the header: enough to tell a picture from something else, not enough to notice missing pixels.
 * @throws DataError when the bytes do not start like a picture; its `cause` has the short reason.
 */
export async function readImageHeader(encoded: Uint8Array): Promise<{ width: number; height: number; format: string }> {
  try {
    const { format, autoOrient } = await open(encoded).metadata();
    return { width: autoOrient.width, height: autoOrient.height, format };
  } catch (error) {
    throw unreadable(error);
  }
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

function open(encoded: Uint8Array): Sharp {
  if (encoded.length === 0) throw new Error('empty file (0 bytes)');
  // 'error' refuses missing pixels and broken data; sharp's default, 'warning', would also refuse sound pictures with odd metadata.
  return sharp(encoded, { failOn: 'error' });
}

function fromPixels({ data, width, height, channels }: DecodedImage): Sharp {
  const picture = sharp(data, { raw: { width, height, channels: channels as 1 | 2 | 3 | 4 } });
  return channels === 1 ? picture.toColourspace('b-w') : picture;
}

async function orientedSize(picture: Sharp): Promise<{ width: number; height: number }> {
  const { autoOrient } = await picture.metadata();
  return { width: autoOrient.width, height: autoOrient.height };
}

function unreadable(error: unknown): DataError {
  const reason = plainReason(error instanceof Error ? error.message : String(error));
  return new DataError(
    `decodeImage: the bytes must be a whole picture (JPEG, PNG, WebP, AVIF, GIF, TIFF); got: ${reason}`,
    {
      cause: new Error(reason, { cause: error }),
    },
  );
}

/**
 * libvips keeps one error text for all threads, so with several decodes under way its details may be another file's or missing.
 * The reason therefore says only what sharp itself found out about this file.
 */
function plainReason(message: string): string {
  if (message.includes('unsupported image format')) return 'not in a format that can be read';
  if (/^(empty file|decoded to|Input image exceeds pixel limit)/.test(message)) return message;
  return 'damaged or truncated';
}
