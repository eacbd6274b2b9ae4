import { readFileSync } from 'node:fs';
import { type Tensor, tf } from '../tensor/tf.ts';

/** How the scripts in `scripts/parity` write a tensor: flat, row-major. */
export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** A JSON fixture beside a test: `readFixture<T>(import.meta.url, 'layers.json')`. */
export function readFixture<T>(testUrl: string, name: string): T {
  return JSON.parse(readFileSync(new URL(`__fixtures__/${name}`, testUrl), 'utf8')) as T;
}

export function fixtureTensor({ shape, data }: FixtureTensor): Tensor {
  return tf.tensor(Float32Array.from(data), [...shape]);
}

/**
 * The largest |actual − expected| over the largest |expected|.
 * Throws when the shapes differ, so that a test cannot pass by broadcasting.
 */
export function relativeError(actual: Tensor, expected: FixtureTensor): number {
  if (actual.shape.join() !== expected.shape.join())
    throw new Error(`shapes differ: [${actual.shape}] and [${expected.shape}]`);
  const values = actual.dataSync();
  const scale = Math.max(...expected.data.map(Math.abs), Number.MIN_VALUE);
  const worst = expected.data.reduce((most, value, i) => Math.max(most, Math.abs(values[i]! - value)), 0);
  // `NaN > 0` is false, and would pass for equal.
  return values.some(Number.isNaN) ? Number.POSITIVE_INFINITY : worst / scale;
}
