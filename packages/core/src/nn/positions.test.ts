import { describe, expect, it } from 'vitest';
import { tf } from '../tensor/tf.ts';
import { gradientError } from '../testing/gradient-check.ts';
import { type FixtureTensor, readFixture, relativeError } from '../testing/index.ts';
import { resizePositions, sinCosPositions, type TokenGrid } from './positions.ts';

interface Fixture {
  readonly sinCos: { readonly grid: TokenGrid; readonly values: FixtureTensor };
  readonly dino: { readonly grids: TokenGrid[]; readonly values: FixtureTensor[] };
}
const { sinCos, dino } = readFixture<Fixture>(import.meta.url, 'positions.json');

describe('sinCosPositions', () => {
  it('are those of MAE', () => {
    expect(relativeError(sinCosPositions(sinCos.grid, 16), sinCos.values)).toBeLessThan(1e-6);
  });
  it('need a multiple of 4 channels', () => {
    expect(() => sinCosPositions([2, 2], 6)).toThrow(/dim must be a multiple of 4; got 6/);
  });
});

describe('resizePositions', () => {
  // sin(i), i counting a class token and 49 positions of 4 channels
  const table = tf
    .tensor(
      Float32Array.from({ length: 200 }, (_, i) => Math.sin(i)),
      [50, 4],
    )
    .slice([1, 0], [49, 4]);
  it.each(dino.grids.map((grid, i) => [grid, dino.values[i]!] as const))("to %o is official DINO's", (grid, values) => {
    expect(relativeError(resizePositions(table, [7, 7], grid, { antialias: false, offset: 0.1 }), values)).toBeLessThan(
      1e-5,
    );
  });
  it('keeps what is the same everywhere', () => {
    for (const to of [
      [3, 4],
      [9, 2],
    ] as TokenGrid[]) {
      for (const value of resizePositions(tf.fill([49, 2], 0.5), [7, 7], to).dataSync())
        expect(value).toBeCloseTo(0.5, 6);
    }
  });
  it('has the gradient that finite differences have', () => {
    expect(
      gradientError(x => resizePositions(x, [2, 3], [3, 2]), [tf.randomNormal([6, 2], 0, 1, 'float32', 1)]),
    ).toBeLessThan(5e-3);
  });
});
