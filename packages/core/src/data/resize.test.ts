import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hashOf, SOURCE } from '../../../../scripts/wasm.ts';
import type { DecodedImage } from './decode.ts';
import { resizeImage } from './resize.ts';
import { RESIZE_SOURCE } from './resize-kernel.gen.ts';

const line = (...values: number[]): DecodedImage => ({
  data: Uint8Array.from(values),
  width: values.length,
  height: 1,
  channels: 1,
});
const firstRow = ({ data, width, channels }: DecodedImage): number[] => [...data.subarray(0, width * channels)];

describe('resizeImage', () => {
  // Expected values: Pillow 13.0, Image.resize((size, 1), BILINEAR).
  it.each([
    [line(0, 0, 0, 0, 240, 240, 240, 240), [34, 206]],
    [line(0, 0, 0, 0, 240, 240, 240, 240), [0, 30, 210, 240]],
    [line(0, 120, 240), [0, 0, 40, 80, 120, 160, 200, 240, 240]],
  ])('agrees with Pillow on %#', (image, expected) => {
    const resized = resizeImage(image, expected.length);
    expect(firstRow(resized)).toEqual(expected);
    expect(resized.data).toHaveLength(expected.length ** 2);
    expect(resized.source).toEqual({ width: image.width, height: 1 });
  });

  it('treats rows like columns', () => {
    const values = Array.from({ length: 7 * 5 }, (_, i) => (i * 53) % 256);
    const image = { data: Uint8Array.from(values), width: 7, height: 5, channels: 1 };
    const turned = {
      data: Uint8Array.from(values, (_, i) => values[(i % 5) * 7 + Math.floor(i / 5)]!),
      width: 5,
      height: 7,
      channels: 1,
    };
    const [a, b] = [resizeImage(image, 4).data, resizeImage(turned, 4).data];
    for (let y = 0; y < 4; y++)
      for (let x = 0; x < 4; x++) expect(Math.abs(a[y * 4 + x]! - b[x * 4 + y]!)).toBeLessThanOrEqual(1);
  });

  it('keeps the middle square with cover', () => {
    const image = { data: Uint8Array.from({ length: 12 }, (_, i) => (i % 6) * 50), width: 6, height: 2, channels: 1 };
    expect([...resizeImage(image, 2, 'cover').data]).toEqual([100, 150, 100, 150]);
  });

  it('keeps flat pictures flat and channels apart', () => {
    for (const channels of [1, 2, 3, 4, 5]) {
      const colour = Array.from({ length: channels }, (_, c) => 255 - c * 60);
      const data = Uint8Array.from({ length: 13 * 9 * channels }, (_, i) => colour[i % channels]!);
      for (const size of [1, 4, 30]) {
        const resized = resizeImage({ data, width: 13, height: 9, channels }, size);
        expect([...resized.data]).toEqual(Array.from({ length: size * size }, () => colour).flat());
      }
    }
  });

  it('keeps fractions of floats, and the values that bytes would get', () => {
    const values = Array.from({ length: 9 * 7 * 2 }, (_, i) => (i * 37) % 256);
    const shape = { width: 9, height: 7, channels: 2 };
    const bytes = resizeImage({ ...shape, data: Uint8Array.from(values) }, 4);
    const floats = resizeImage({ ...shape, data: Float32Array.from(values) }, 4);
    expect(floats.data).toBeInstanceOf(Float32Array);
    expect(floats.data.some(value => !Number.isInteger(value))).toBe(true);
    expect([...floats.data].map(value => Math.floor(value + 0.5))).toEqual([...bytes.data]);
  });

  it('returns a picture of that size untouched', () => {
    const image = line(7);
    expect(resizeImage(image, 1)).toBe(image);
  });

  it.each([Uint8Array, Float32Array])(
    'gives each pixel the sum of its neighbours, in large pictures too: %o',
    Pixels => {
      const [width, height, channels, size] = [1500, 1200, 3, 400]; // more rows than are in the kernel's memory at once
      const data = new Pixels(width * height * channels).map((_, i) => (i * 7 + (i >> 9)) % 256);
      const resized = resizeImage({ data, width, height, channels }, size).data;
      const weights = (length: number, at: number): number[] => {
        const step = length / size;
        const of = Array.from({ length }, (_, k) => Math.max(0, 1 - Math.abs(k + 0.5 - (at + 0.5) * step) / step));
        const sum = of.reduce((a, b) => a + b);
        return of.map(weight => weight / sum);
      };
      const tolerance = Pixels === Uint8Array ? 0.501 : 1e-3;
      for (const y of [0, 1, 37, 198, 199, 200, 398, 399]) {
        for (const [x, c] of [
          [0, 0],
          [1, 2],
          [211, 1],
          [399, 2],
        ] as const) {
          const [rows, columns] = [weights(height, y), weights(width, x)];
          let expected = 0;
          rows.forEach((row, j) => {
            if (row === 0) return;
            columns.forEach((column, i) => {
              expected += row * column * data[(j * width + i) * channels + c]!;
            });
          });
          expect(Math.abs(resized[(y * size + x) * channels + c]! - expected)).toBeLessThan(tolerance);
        }
      }
    },
  );

  it('runs what its source says', () => {
    expect(RESIZE_SOURCE).toBe(hashOf(readFileSync(SOURCE))); // else: pnpm wasm
  });
});
