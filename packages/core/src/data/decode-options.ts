import { ConfigError } from '../errors.ts';

/** Bytes, or floats of the same scale with fractions. */
export type PixelData = Uint8Array | Float32Array;

/** Whether deeper values are reduced to 8 bits or kept. */
export type Depth = 'uint8' | 'float32';

/** A picture as pixels: interleaved `[height, width, channels]`. */
export interface DecodedImage {
  /** Always 0 to 255; floats where a depth of `float32` was asked for. */
  readonly data: PixelData;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** The picture's size before it was reduced on request; left out when `width` and `height` are the true size. */
  readonly source?: { readonly width: number; readonly height: number };
}

/** What a reader may ask of a picture, to save work: it may do without. */
export interface ImageRequest {
  /** The picture may come reduced while its shorter side stays at least this long: large JPEGs need not be decoded whole. */
  readonly shorterSide?: number;
  /** With `shorterSide`: a picture that is reduced may come squashed to a square of that side. */
  readonly square?: boolean;
}

export interface DecodeOptions extends ImageRequest {
  /**
   * 1 to 16. 3 = sRGB (default), 1 = grey (libvips' `b-w`, CIE luminance in sRGB's transfer curve); any other number = the file's own
   * bands as they are, which must be as many.
   */
  readonly channels?: number;
  /** `uint8` (default) reduces deeper values to 8 bits; `float32` keeps them, as 0 to 255 with fractions. */
  readonly depth?: Depth;
  /** The values of a float picture that become 0 and 255. Without it, float pictures are refused. */
  readonly range?: readonly [low: number, high: number];
  /** Which picture of an animation or a document, from 0 (default). */
  readonly page?: number;
}

/** How the pictures of a source are decoded, whoever reads them. */
export type SourceDecoding = Omit<DecodeOptions, keyof ImageRequest | 'page'>;

/** As many channels as a picture may have. */
export const MAX_CHANNELS = 16;

/**
 * Checks how pictures are to be decoded, before any is.
 * @throws ConfigError naming the caller `who`.
 */
export function checkDecodeOptions(
  who: string,
  { channels, shorterSide, depth, range, page = 0 }: DecodeOptions,
): void {
  if (channels !== undefined && !(Number.isInteger(channels) && channels >= 1 && channels <= MAX_CHANNELS)) {
    throw new ConfigError(`${who}: channels must be a whole number from 1 to ${MAX_CHANNELS}; got ${channels}`);
  }
  if (shorterSide !== undefined && !(Number.isInteger(shorterSide) && shorterSide >= 1)) {
    throw new ConfigError(`${who}: shorterSide must be a positive whole number of pixels; got ${shorterSide}`);
  }
  if (depth !== undefined && depth !== 'uint8' && depth !== 'float32') {
    throw new ConfigError(`${who}: depth must be one of uint8, float32; got ${String(depth)}`);
  }
  if (!(Number.isInteger(page) && page >= 0)) {
    throw new ConfigError(`${who}: page must be a whole number from 0 on; got ${page}`);
  }
  if (range === undefined) return;
  const pair = Array.isArray(range) && range.length === 2 && range.every(Number.isFinite);
  if (!pair || range[0] >= range[1]) {
    throw new ConfigError(`${who}: range must be [low, high] with low < high; got ${JSON.stringify(range)}`);
  }
}
