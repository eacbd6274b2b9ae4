import { describe, expect, expectTypeOf, test } from 'vitest';
import { ShapeError } from '../errors.ts';
import { type DimNames, dims } from './dims.ts';

const shaped = (...shape: number[]): { shape: number[] } => ({ shape });

describe('dims', () => {
  test('binds names to lengths', () => {
    const { N, P } = dims(shaped(6, 4), 'N P');
    expect([N, P]).toEqual([6, 4]);
    expect(dims(shaped(2, 5, 5, 3), 'B H H 3')).toEqual({ B: 2, H: 5 });
    expect(dims(shaped(2, 7), '_ K')).toEqual({ K: 7 });
    expect(dims(shaped(), '')).toEqual({});
    expect(dims(shaped(0), 'B')).toEqual({ B: 0 });
  });

  test('knows its names', () => {
    expectTypeOf<DimNames<'B H H 3 _'>>().toEqualTypeOf<'B' | 'H'>();
    expectTypeOf<DimNames<''>>().toEqualTypeOf<never>();
    expectTypeOf(dims(shaped(6, 4), 'N P')).not.toHaveProperty('Q');
  });

  test.each([
    ['rank', [6, 4, 1], 'N P'],
    ['scalar', [], 'N'],
    ['number', [6, 4], 'N 3'],
    ['repeated name', [6, 4], 'N N'],
    ['zero against a repeated name', [0, 4], 'N N'],
  ])('refuses the wrong %s', (_, shape, pattern) => {
    expect(() => dims(shaped(...shape), pattern)).toThrow(ShapeError);
  });

  test('says who, what and what was given', () => {
    expect(() => dims(shaped(3, 4), 'N 3', 'ntXent')).toThrow('ntXent: must be [N, 3]; got [3, 4]');
  });
});
