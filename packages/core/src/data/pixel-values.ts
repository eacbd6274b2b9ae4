/** From the numbers of a file to pixels of 0 to 255: the one place that reduces, scales and cuts. */

import { decodeFault } from './decode-fault.ts';
import type { DecodeOptions, PixelData } from './decode-options.ts';

/** Numbers as files hold them. */
export type StoredValues = Uint8Array | Uint16Array | Float32Array | Float64Array;

/** The scale of 16 bits: 65535 / 257 is 255. */
const SIXTEEN_BITS = [0, 65_535] as const;

/**
 * - 8 bits stay as they are, whatever the range.
 * - Other values become `255 · (x - low) / (high - low)`, cut to 0 to 255, and for `uint8` rounded, halves up. 16 bits have the range
 *   0 to 65535 where none is given, so that they are divided by 257; floats must have one.
 * @throws DataError for floats without a range, and for values that are not finite.
 */
export function pixelValues(values: StoredValues, { depth, range }: Pick<DecodeOptions, 'depth' | 'range'>): PixelData {
  if (values instanceof Uint8Array) return depth === 'float32' ? Float32Array.from(values) : values;
  const [low, high] = range ?? (values instanceof Uint16Array ? SIXTEEN_BITS : noRange());
  const scale = 255 / (high - low);
  const out = depth === 'float32' ? new Float32Array(values.length) : new Uint8Array(values.length);
  const rounding = depth === 'float32' ? 0 : 0.5; // storing into bytes cuts the fraction off
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) throw decodeFault('holds values that are not finite');
    out[i] = Math.min(255, Math.max(0, (value - low) * scale)) + rounding;
  }
  return out;
}

function noRange(): never {
  throw decodeFault('holds floats, whose black and white are not known (give range: [low, high])');
}
