import { expect, test } from 'vitest';
import { heatMap } from './heat-map.ts';

const [DARK, YELLOW, MIDDLE] = [
  [68, 1, 84],
  [253, 231, 37],
  [33, 145, 140],
];

test('the least value is dark, the greatest yellow, whatever the range', () => {
  for (const values of [
    [-3, 5, 1, 5],
    [1e-9, 9e-9, 5e-9, 9e-9],
  ]) {
    const { data, width, height, channels } = heatMap(values, 2, 2);
    expect([width, height, channels]).toEqual([2, 2, 3]);
    expect([...data]).toEqual([...DARK!, ...YELLOW!, ...MIDDLE!, ...YELLOW!]);
  }
});

test('brightness rises with the value', () => {
  const { data } = heatMap(
    Array.from({ length: 50 }, (_, i) => i),
    50,
    1,
  );
  const light = Array.from(
    { length: 50 },
    (_, i) => 0.3 * data[3 * i]! + 0.59 * data[3 * i + 1]! + 0.11 * data[3 * i + 2]!,
  );
  for (const [i, value] of light.slice(1).entries()) expect(value).toBeGreaterThan(light[i]!);
});

test('equal values are all dark; a wrong number of them is refused', () => {
  expect([...heatMap([7, 7], 1, 2).data]).toEqual([...DARK!, ...DARK!]);
  expect(() => heatMap([1, 2, 3], 2, 2)).toThrow('needs width · height values; got 3 for 2 x 2');
});
