import sharp, { type Metadata, type Sharp } from 'sharp';
import { decodeFault } from './decode-fault.ts';
import { MAX_CHANNELS } from './decode-options.ts';

/** Width times height beyond which a picture is refused: sharp's own default. It guards against small files that grow huge. */
const MAX_PIXELS = 0x3fff ** 2;
/** The same for pictures of many channels: width times height times channels. */
const MAX_VALUES = 4 * MAX_PIXELS;
/** JPEG's largest side. libvips holds many whole rows at once: a PNG of a kilobyte that claims 16 million columns takes gigabytes. */
const MAX_SIDE = 65_535;

interface OpenOptions {
  readonly ignoreIcc?: boolean;
  /** Of an animation or a document, from 0 (default). */
  readonly page?: number | undefined;
}

/** A file's picture, not decoded yet. */
export function openPicture(encoded: Uint8Array, { page = 0, ...options }: OpenOptions = {}): Sharp {
  if (encoded.length === 0) throw new Error('empty file (0 bytes)');
  // 'error' refuses missing pixels and broken data; sharp's default, 'warning', would also refuse sound pictures with odd metadata.
  return sharp(encoded, {
    ...options,
    ...(page > 0 && { page }),
    failOn: 'error',
    limitInputPixels: MAX_PIXELS,
    limitInputChannels: MAX_CHANNELS,
  });
}

/** What a file says about its picture. @throws DataError when it claims more than could be decoded. */
export async function headerOf(picture: Sharp): Promise<Metadata> {
  const header = await picture.metadata();
  const { width, height, channels } = header;
  if (Math.max(width, height) > MAX_SIDE || width * height * channels > MAX_VALUES) {
    throw decodeFault(`claims ${width} x ${height} pixels of ${channels} channels, which is too large`);
  }
  return header;
}

/**
 * libvips keeps one error text for all threads, so with several decodes under way its details may be another file's or missing.
 * The reason therefore says only what sharp itself found out about this file.
 */
export function plainReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('unsupported image format')) return 'not in a format that can be read';
  if (message.includes('exceeds pixel limit')) return `claims more than ${MAX_PIXELS} pixels`;
  if (message.includes('exceeds channel limit')) return `holds more than ${MAX_CHANNELS} channels`;
  if (/^(empty file|decoded to)/.test(message)) return message;
  return 'damaged or truncated';
}
