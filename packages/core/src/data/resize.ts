import type { DecodedImage, PixelData } from './decode-options.ts';
import { resizeKernel } from './resize-kernel.ts';

/** How stored pictures become squares: `fill` squashes the whole picture, `cover` keeps the middle square. */
export type Fit = 'fill' | 'cover';

/**
 * Resizes to `[size, size]` with the triangle filter, widened when reducing: what Pillow calls BILINEAR and torchvision antialiased
 * bilinear, with the same pixel centres. sharp is not used here: its enlarging shifts pictures by half a pixel, and it takes
 * 2 and 4 channels for transparency. The same object comes back when it has that size already.
 * @param into memory for the values, used if it is as large as they are.
 */
export function resizeImage(image: DecodedImage, size: number, fit: Fit = 'fill', into?: ArrayBuffer): DecodedImage {
  const { width, height } = image;
  if (width === size && height === size) return image;
  const side = Math.min(width, height);
  const [wide, high] = fit === 'fill' ? [width, height] : [side, side];
  const columns = taps(width, (width - wide) / 2, wide, size);
  const rows = taps(height, (height - high) / 2, high, size);
  return through(image, columns, rows, into);
}

/** Resizes the whole picture to `width` and `height`, with the same filter. */
export function resample(image: DecodedImage, width: number, height: number): DecodedImage {
  return through(image, taps(image.width, 0, image.width, width), taps(image.height, 0, image.height, height));
}

/** How a line is resampled: output place `i` is the sum of `weights[i · reach + k]` times input place `first[i] + k`. */
export interface Taps {
  /** `[size]`, never falling. */
  readonly first: Int32Array;
  /** `[size, reach]`; each row sums to 1. */
  readonly weights: Float32Array;
  readonly reach: number;
}

/** Taps that resample `[start, start + extent)` of a line of `length` places to `size` places. */
function taps(length: number, start: number, extent: number, size: number): Taps {
  const step = extent / size;
  const radius = Math.max(1, step);
  const reach = Math.min(length, Math.ceil(2 * radius));
  const first = new Int32Array(size);
  const weights = new Float32Array(size * reach);
  for (let i = 0; i < size; i++) {
    const centre = start + (i + 0.5) * step;
    // The first place within the radius, moved in from the end so that all places exist; places beyond the radius weigh 0.
    const from = Math.min(Math.max(0, Math.ceil(centre - radius - 0.5)), length - reach);
    first[i] = from;
    const weightOf = (k: number): number => Math.max(0, 1 - Math.abs(from + k + 0.5 - centre) / radius);
    let sum = 0;
    for (let k = 0; k < reach; k++) sum += weightOf(k);
    for (let k = 0; k < reach; k++) weights[i * reach + k] = weightOf(k) / sum;
  }
  return { first, weights, reach };
}

function through(image: DecodedImage, columns: Taps, rows: Taps, into?: ArrayBuffer): DecodedImage {
  const { width, height, channels, source = { width, height } } = image;
  const size = { width: columns.first.length, height: rows.first.length };
  const Pixels = image.data instanceof Float32Array ? Float32Array : Uint8Array;
  const values = size.width * size.height * channels;
  const data: PixelData =
    into?.byteLength === values * Pixels.BYTES_PER_ELEMENT ? new Pixels(into) : new Pixels(values);
  resizeKernel()(image, data, columns, rows);
  return { data, ...size, channels, source };
}
