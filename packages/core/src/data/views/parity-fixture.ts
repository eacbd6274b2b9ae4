/** The outputs of PIL and torchvision that views are held to; written by `scripts/parity/views.py`. */
import { readFileSync } from 'node:fs';
import { type Tensor, tf } from '../../tensor/tf.ts';

interface Bytes {
  readonly shape: readonly number[];
  readonly base64: string;
}
interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** One operation on one picture. Every case has the fields of its operation. */
export interface Case {
  readonly image: string;
  readonly output: Bytes;
}
export interface CropCase extends Case {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  readonly size: readonly [number, number];
  readonly exact?: Numbers;
}
export interface ColorCase extends Case {
  readonly op: 'brightness' | 'contrast' | 'saturation' | 'hue' | 'grayscale';
  readonly factor: number;
  /** PIL's hue: what its 8 bits make of the factor, how far exact arithmetic is then, and torchvision's result on floats. */
  readonly shiftUsed?: number;
  readonly exactGap: { readonly max: number };
  readonly tensorOutput?: Bytes;
}
export interface BlurCase extends Case {
  readonly kind: 'pil' | 'torchvision';
  readonly kernel: number;
  readonly sigma: number;
}
export interface AffineCase extends Case {
  readonly angle: number;
  readonly translate: readonly [number, number];
  readonly scale: number;
  readonly shear: readonly [number, number];
  readonly fill: number;
  /** From pixel centres of the output to those of the input. */
  readonly inverse: readonly [number, number, number, number, number, number];
}
export interface Step extends Partial<Omit<CropCase, 'exact'>> {
  readonly op: ColorCase['op'] | 'resizedCrop' | 'horizontalFlip' | 'blur' | 'solarize';
  readonly factor?: number;
  readonly shiftUsed?: number;
  readonly kernel?: number;
  readonly sigma?: number;
  readonly threshold?: number;
  readonly output: Bytes;
}
export interface Chain {
  readonly name: string;
  readonly image: string;
  readonly steps: readonly Step[];
  /** The end in exact arithmetic, cut to the range of pixels at the end only, and after every step where that differs. */
  readonly exact: Numbers;
  readonly clipped?: Numbers;
  /** How far PIL, which rounds after every step, is from the latter. */
  readonly clippedGap: { readonly max: number };
}

interface Fixture {
  readonly images: Readonly<Record<string, Bytes>>;
  readonly resizedCrop: readonly CropCase[];
  readonly horizontalFlip: readonly Case[];
  readonly color: readonly ColorCase[];
  readonly blur: readonly BlurCase[];
  readonly solarize: readonly (Case & { readonly threshold: number })[];
  readonly affine: readonly AffineCase[];
  readonly rotate: readonly (Case & { readonly angle: number; readonly fill: number })[];
  readonly chains: readonly Chain[];
}

export const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../__fixtures__/views.json', import.meta.url), 'utf8'),
) as Fixture;

/** A picture of the fixture, `[1, H, W, C]`, 0 to 255. */
export function picture(name: string): Tensor {
  const { shape, base64 } = fixture.images[name]!;
  return tf.tensor(Float32Array.from(Buffer.from(base64, 'base64')), [1, ...shape]);
}

/** Values 0 to 255 of an output, whichever way it is stored. */
export function valuesOf(stored: Bytes | Numbers): Float64Array {
  return Float64Array.from('base64' in stored ? Buffer.from(stored.base64, 'base64') : stored.data);
}

/** The largest difference between a view, 0 to 1, and what it should be, 0 to 255; in units of 1/255. */
export function largestGap(view: Tensor, expected: Float64Array): number {
  const values = view.dataSync();
  if (values.length !== expected.length) return Number.POSITIVE_INFINITY;
  return expected.reduce((gap, value, i) => Math.max(gap, Math.abs(255 * values[i]! - value)), 0);
}
