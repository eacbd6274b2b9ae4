import { readFileSync } from 'node:fs';
import { loadTorch, torchShape } from '../io/layout.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import type { Variable } from '../tensor/variable.ts';

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

/** Whole numbers, int32: masks, assignments. */
export function fixtureIntegers({ shape, data }: FixtureTensor): Tensor {
  return tf.tensor(Int32Array.from(data), [...shape], 'int32');
}

/** Gives a variable the values that PyTorch's tensor has. Throws when the shapes differ. */
export function loadFixture(variable: Variable, { shape, data }: FixtureTensor): void {
  if (torchShape(variable).join() !== shape.join())
    throw new Error(`${variable.name}: shapes differ: [${torchShape(variable)}] and [${shape}]`);
  loadTorch(variable, Float32Array.from(data));
}

/** What is shaped like a variable, its gradient say, in PyTorch's layout. */
export function inTorchLayout(value: Tensor, { torchAxes }: Variable): Tensor {
  return torchAxes ? tf.transpose(value, [...torchAxes]) : value;
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
