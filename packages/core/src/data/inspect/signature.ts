/** What is kept of a picture to find its copies: 64 bits to look it up by, and some hundred bytes to compare. */
import type { DecodedImage } from '../decode.ts';
import { resizeImage } from '../resize.ts';

/** Side to which a picture is reduced before anything else; its proportions are given up, so that a stretched copy is still one. */
const SIDE = 32;
/** Frequencies of the cosine transform that become bits, in each direction: the coarse form of a picture. */
const FREQUENCIES = 8;
/** Sides of what is compared: brightness finely, each channel coarsely. */
const [FINE, COARSE] = [16, 4];

/** Bytes that a picture's {@link Signature.reduced} takes. */
export function reducedBytes(channels: number): number {
  return FINE * FINE + COARSE * COARSE * channels;
}

export interface Signature {
  /** Low and high half of the hash. Copies differ in few bits, other pictures in about half of them. */
  readonly hash: readonly [low: number, high: number];
  /** `[16, 16]` brightness, then `[4, 4, channels]`, 0 to 255. */
  readonly reduced: Uint8Array;
}

/**
 * The hash is that of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), section 3.2.1, in the common form:
 * the signs of the 8 x 8 lowest cosine coefficients of the picture at 32 x 32, compared with their median; the constant one is left out.
 */
export function signatureOf(image: DecodedImage): Signature {
  const { data, channels } = resizeImage(image, SIDE);
  const grey = new Float64Array(SIDE * SIDE);
  for (let i = 0, at = 0; i < grey.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += data[at++]!;
    grey[i] = sum / channels;
  }
  const reduced = new Uint8Array(reducedBytes(channels));
  blockMeans(grey, 1, FINE, reduced);
  blockMeans(data, channels, COARSE, reduced.subarray(FINE * FINE));
  return { hash: perceptualHash(grey), reduced };
}

/** @param out `[side, side, channels]`, means of the blocks of `[32, 32, channels]`. */
function blockMeans(data: ArrayLike<number>, channels: number, side: number, out: Uint8Array): void {
  const block = SIDE / side;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let dy = 0; dy < block; dy++) {
          for (let dx = 0; dx < block; dx++) sum += data[((y * block + dy) * SIDE + x * block + dx) * channels + c]!;
        }
        out[(y * side + x) * channels + c] = Math.round(sum / (block * block));
      }
    }
  }
}

/** `[8, 32]`, the waves of the cosine transform (DCT-II); their scale does not matter for signs. */
const WAVES = Float64Array.from({ length: FREQUENCIES * SIDE }, (_, i) =>
  Math.cos((Math.PI * Math.floor(i / SIDE) * ((i % SIDE) + 0.5)) / SIDE),
);

/** @param grey `[32, 32]` */
function perceptualHash(grey: Float64Array): [low: number, high: number] {
  const rows = new Float64Array(SIDE * FREQUENCIES); // [32, 8]
  for (let y = 0; y < SIDE; y++) {
    for (let u = 0; u < FREQUENCIES; u++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += WAVES[u * SIDE + x]! * grey[y * SIDE + x]!;
      rows[y * FREQUENCIES + u] = sum;
    }
  }
  const waves = new Float64Array(FREQUENCIES * FREQUENCIES); // [8, 8]
  for (let v = 0; v < FREQUENCIES; v++) {
    for (let u = 0; u < FREQUENCIES; u++) {
      let sum = 0;
      for (let y = 0; y < SIDE; y++) sum += WAVES[v * SIDE + y]! * rows[y * FREQUENCIES + u]!;
      waves[v * FREQUENCIES + u] = sum;
    }
  }
  const sorted = waves.slice(1).sort();
  const median = sorted[sorted.length >> 1]!;
  const bits: [number, number] = [0, 0];
  for (let i = 1; i < waves.length; i++) if (waves[i]! > median) bits[i >> 5]! |= 1 << (i & 31);
  return [bits[0] >>> 0, bits[1] >>> 0];
}

/**
 * Bounds of what counts as a copy, between what edits do to photographs (compressed again down to quality 30, at another size, brighter or
 * with more contrast by a fifth) and what tells apart drawings that are merely alike (`calendar-plus` and `calendar-minus` of icons-42, hearts of
 * several colors of emoji-3). Set by measuring both: docs/data.md has the figures. Levels are of 0 to 255.
 */
const MOST = {
  /** Levels between the means. */
  brightness: 48,
  /** Standard deviations, the larger over the smaller. */
  contrast: 1.6,
  /** Share of the variance that is left when brightness and contrast are made equal. */
  form: 0.02,
  /** Levels in one of the fine cells, likewise. */
  cell: 16,
  /** Levels by which a channel is off the mean of the channels, in one of the coarse cells. */
  color: 28,
} as const;

/** Whether two reduced pictures show the same: another brightness or contrast is forgiven, a different place or another color is not. */
export function isCopy(a: Uint8Array, b: Uint8Array): boolean {
  const [one, other] = [lightOf(a), lightOf(b)];
  if (one.deviation === 0 || other.deviation === 0) return false;
  if (Math.abs(one.mean - other.mean) > MOST.brightness) return false;
  const gain = other.deviation / one.deviation;
  if (Math.max(gain, 1 / gain) > MOST.contrast) return false;
  let [together, off] = [0, 0];
  for (let i = 0; i < FINE * FINE; i++) {
    const [x, y] = [a[i]! - one.mean, b[i]! - other.mean];
    together += x * y;
    off = Math.max(off, Math.abs(y - gain * x));
  }
  const correlation = together / (FINE * FINE * one.deviation * other.deviation);
  // In the levels of the one with more contrast, so that the order of the two does not matter.
  return correlation >= 1 - MOST.form && off / Math.min(1, gain) <= MOST.cell && haveSameColors(a, b);
}

interface Light {
  readonly mean: number;
  readonly deviation: number;
}

function lightOf(reduced: Uint8Array): Light {
  const count = FINE * FINE;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < count; i++) {
    sum += reduced[i]!;
    squares += reduced[i]! ** 2;
  }
  const mean = sum / count;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean ** 2)) };
}

function haveSameColors(a: Uint8Array, b: Uint8Array): boolean {
  const channels = (a.length - FINE * FINE) / (COARSE * COARSE);
  for (let at = FINE * FINE; at < a.length; at += channels) {
    let lighter = 0;
    for (let c = at; c < at + channels; c++) lighter += (a[c]! - b[c]!) / channels;
    for (let c = at; c < at + channels; c++) if (Math.abs(a[c]! - b[c]! - lighter) > MOST.color) return false;
  }
  return true;
}
