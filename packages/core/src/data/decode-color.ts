/** Pictures as colours, sRGB or grey: sharp converts, turns and reduces them. */
import type { Metadata, Sharp } from 'sharp';
import type { DecodedImage, DecodeOptions } from './decode-options.ts';
import { pixelValues } from './pixel-values.ts';

// The triangle filter, widened when reducing: what PIL and torchvision call antialiased bilinear.
const KERNEL = 'linear';
/** From this factor on, libvips has a JPEG decoded at a half, a quarter or an eighth of its size, which takes less time. */
const REDUCES_WHILE_DECODING = 3;

/** Bands of a colour with its alpha. */
const MOST_BANDS: Readonly<Record<string, number>> = { 'b-w': 2, grey16: 2, cmyk: 5, multiband: 0 };
const MOST_OF_RGB = 4;

/**
 * Whether a file's bands are a colour, not those of a satellite picture, say, and what sharp can give of it: `words` where it keeps 16
 * bits. Of CMYK and Lab it keeps 8. Floats and signed integers that are no Lab are numbers.
 */
export function colorKind({ space, channels, depth }: Metadata): 'bytes' | 'words' | undefined {
  if (channels > (MOST_BANDS[space] ?? MOST_OF_RGB)) return undefined;
  if (space === 'rgb16' || space === 'grey16') return depth === 'ushort' ? 'words' : undefined;
  return depth === 'uchar' || ['cmyk', 'lab', 'labs'].includes(space) ? 'bytes' : undefined;
}

/** 8 bits a value. */
export async function decodeColor(picture: Sharp, header: Metadata, options: DecodeOptions): Promise<DecodedImage> {
  const { channels = 3 } = options;
  const pipeline = oriented(picture, header, options)
    .flatten({ background: '#fff' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb');
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`decoded to ${info.channels} channels instead of ${channels}`);
  return { data: pixelValues(data, options), ...sizes(header, info), channels };
}

/** 16 bits a value, kept until the end. Transparency is laid on white here, since sharp's white for 16 bits is 65280. */
export async function decodeDeepColor(picture: Sharp, header: Metadata, options: DecodeOptions): Promise<DecodedImage> {
  const { channels = 3 } = options;
  const pipeline = oriented(picture, header, options).toColourspace(channels === 1 ? 'grey16' : 'rgb16');
  // With a profile in the file, sharp computes 16 bits in P3 and would leave them there.
  if (header.icc && channels === 3) pipeline.withIccProfile('srgb', { attach: false });
  const { data, info } = await pipeline.raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true });
  const values = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  const opaque = info.channels === channels ? values : onWhite(values, info.channels, channels);
  return { data: pixelValues(opaque, options), ...sizes(header, info), channels };
}

/**
 * Whether a JPEG is decoded at its full size, since libvips would not decode less of it for the size that is asked for. Our own resizing is
 * faster than libvips' then, and what it gives does not depend on who decoded.
 */
export function decodesWhole(width: number, height: number, { shorterSide }: DecodeOptions): boolean {
  return shorterSide === undefined || Math.min(width, height) < REDUCES_WHILE_DECODING * shorterSide;
}

function oriented(picture: Sharp, { format, autoOrient: { width, height } }: Metadata, options: DecodeOptions): Sharp {
  const { shorterSide, square = false } = options;
  const pipeline = picture.autoOrient();
  if (shorterSide === undefined || Math.min(width, height) <= shorterSide) return pipeline;
  if (format === 'jpeg' && decodesWhole(width, height, options)) return pipeline;
  return pipeline.resize({ width: shorterSide, height: shorterSide, fit: square ? 'fill' : 'outside', kernel: KERNEL });
}

type Sizes = Pick<DecodedImage, 'width' | 'height' | 'source'>;

function sizes({ autoOrient }: Metadata, { width, height }: { width: number; height: number }): Sizes {
  const { width: trueWidth, height: trueHeight } = autoOrient;
  const source = { width: trueWidth, height: trueHeight };
  return { width, height, ...(trueWidth === width && trueHeight === height ? {} : { source }) };
}

/** @param values `[pixels, bands]`, the last band alpha. @returns `[pixels, channels]`. */
function onWhite(values: Uint16Array, bands: number, channels: number): Uint16Array {
  if (bands !== channels + 1) throw new Error(`decoded to ${bands} channels instead of ${channels}`);
  const out = new Uint16Array((values.length / bands) * channels);
  for (let from = 0, to = 0; from < values.length; from += bands) {
    const alpha = values[from + channels]! / 65_535;
    for (let c = 0; c < channels; c++) out[to++] = Math.round(65_535 + (values[from + c]! - 65_535) * alpha);
  }
  return out;
}
