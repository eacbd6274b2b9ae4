/** Pictures as numbers: the file's own bands, with no colours converted and nothing laid on a background. */
import type { Metadata } from 'sharp';
import { bandsFault } from './decode-fault.ts';
import type { DecodedImage, DecodeOptions } from './decode-options.ts';
import { openPicture } from './open-picture.ts';
import { pixelValues, type StoredValues } from './pixel-values.ts';

/**
 * @param header as sharp reads it.
 * @throws DataError when the file has other bands than asked for.
 */
export async function decodeBands(
  encoded: Uint8Array,
  header: Metadata,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const { channels = 3 } = options;
  if (header.channels !== channels) throw bandsFault(header.channels, channels);
  const { width, height } = header.autoOrient;
  const picture = openPicture(encoded, { ignoreIcc: true, page: options.page }).autoOrient();
  if (header.space === 'cmyk') picture.pipelineColourspace('cmyk'); // or its inks would be converted
  // libvips writes only the first band of what it takes for grey, and has no way from any colour space to plain bands, except that
  // joining a band on gives the whole another name. The joined ones are dropped below.
  const joined = Buffer.alloc(width * height);
  const { data, info } = await picture
    .joinChannel(joined, { raw: { width, height, channels: 1 } })
    .toColourspace('multiband')
    .raw({ depth: depthOf(header) })
    .toBuffer({ resolveWithObject: true });
  const values = firstBands(typed(data, depthOf(header)), info.channels, channels);
  return { data: pixelValues(values, options), width, height, channels };
}

/** Signed and 32-bit integers are treated as floats: they have no white of their own. */
function depthOf({ depth }: Metadata): 'uchar' | 'ushort' | 'float' {
  return depth === 'uchar' || depth === 'ushort' ? depth : 'float';
}

function typed(data: Buffer, depth: 'uchar' | 'ushort' | 'float'): StoredValues {
  const { buffer, byteOffset, length } = data;
  if (depth === 'uchar') return data;
  return depth === 'ushort'
    ? new Uint16Array(buffer, byteOffset, length / 2)
    : new Float32Array(buffer, byteOffset, length / 4);
}

/** @param values `[pixels, bands]`. @returns `[pixels, count]`, in the same memory. */
function firstBands(values: StoredValues, bands: number, count: number): StoredValues {
  if (bands < count) throw new Error(`decoded to ${bands} channels instead of ${count}`);
  let to = 0;
  for (let from = 0; from < values.length; from += bands) {
    for (let band = 0; band < count; band++) values[to++] = values[from + band]!;
  }
  return values.subarray(0, to);
}
