import type { DecodedImage, PixelData } from './decode-options.ts';

/** How stored pictures become squares: `fill` squashes the whole picture, `cover` keeps the middle square. */
export type Fit = 'fill' | 'cover';

/**
 * Resizes to `[size, size]` with the triangle filter, widened when reducing: what Pillow calls BILINEAR and torchvision antialiased
 * bilinear, with the same pixel centres. sharp is not used here: its enlarging shifts pictures by half a pixel, and it takes
 * 2 and 4 channels for transparency. The same object comes back when it has that size already.
 */
export function resizeImage(image: DecodedImage, size: number, fit: Fit = 'fill'): DecodedImage {
  const { width, height } = image;
  if (width === size && height === size) return image;
  const side = Math.min(width, height);
  const [wide, high] = fit === 'fill' ? [width, height] : [side, side];
  const columns = taps(width, (width - wide) / 2, wide, size);
  const rows = taps(height, (height - high) / 2, high, size);
  return through(image, columns, rows);
}

/** Resizes the whole picture to `width` and `height`, with the same filter. */
export function resample(image: DecodedImage, width: number, height: number): DecodedImage {
  return through(image, taps(image.width, 0, image.width, width), taps(image.height, 0, image.height, height));
}

/** How a line is resampled: output place `i` is the sum of `weights[i · reach + k]` times input place `first[i] + k`. */
interface Taps {
  /** `[size]` */
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
    first[i] = Math.min(Math.max(0, Math.ceil(centre - radius - 0.5)), length - reach);
    const row = weights.subarray(i * reach, (i + 1) * reach);
    for (let k = 0; k < reach; k++) row[k] = Math.max(0, 1 - Math.abs(first[i]! + k + 0.5 - centre) / radius);
    const sum = row.reduce((a, b) => a + b, 0);
    for (let k = 0; k < reach; k++) row[k]! /= sum;
  }
  return { first, weights, reach };
}

function through(image: DecodedImage, columns: Taps, rows: Taps): DecodedImage {
  const { width, height, channels, source = { width, height } } = image;
  const size = { width: columns.first.length, height: rows.first.length };
  const narrowed = across(image.data, image, columns); //        [height, size.width, C]
  const Pixels = image.data instanceof Float32Array ? Float32Array : Uint8Array;
  const data = new Pixels(size.width * size.height * channels);
  down(narrowed, data, rows); //                                  [size.height, size.width, C]
  return { data, ...size, channels, source };
}

type Shape = Pick<DecodedImage, 'width' | 'height' | 'channels'>;

/** @returns `[height, size, channels]` */
function across(data: PixelData, { width, height, channels }: Shape, { first, weights, reach }: Taps): Float32Array {
  const out = new Float32Array(height * first.length * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < first.length; x++) {
      const from = (y * width + first[x]!) * channels;
      for (let c = 0; c < channels; c++, to++) {
        let sum = 0;
        for (let k = 0; k < reach; k++) sum += weights[x * reach + k]! * data[from + k * channels + c]!;
        out[to] = sum;
      }
    }
  }
  return out;
}

/** @param out `[rows, line]`, bytes (rounded) or floats. */
function down(data: Float32Array, out: PixelData, { first, weights, reach }: Taps): void {
  const lineLength = out.length / first.length;
  const line = new Float32Array(lineLength);
  const start = out instanceof Float32Array ? 0 : 0.5; // rounds, since storing into bytes cuts off
  for (let y = 0; y < first.length; y++) {
    line.fill(start);
    for (let k = 0; k < reach; k++) {
      const weight = weights[y * reach + k]!;
      if (weight === 0) continue;
      const from = (first[y]! + k) * lineLength;
      for (let i = 0; i < lineLength; i++) line[i] = line[i]! + weight * data[from + i]!;
    }
    out.set(line, y * lineLength);
  }
}
