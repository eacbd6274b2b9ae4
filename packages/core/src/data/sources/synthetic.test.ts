import { expect, it } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { digest } from '../dataset.ts';
import { syntheticDataset } from './synthetic.ts';

it('draws the same pictures everywhere, another for each index and seed', async () => {
  const data = syntheticDataset({ size: 40, width: 24, height: 16, classes: 8, seed: 5 });
  const pictures = await Promise.all(Array.from({ length: 40 }, (_, i) => data.image(i)));
  expect(pictures[0]).toMatchObject({ width: 24, height: 16, channels: 3 });
  expect(digest(...pictures.map(picture => picture.data))).toMatchInlineSnapshot(
    `"04b72cbc7eb191f03ef4826540ea74ad153e2d31d91c3602732aa2f2c628a640"`,
  );
  expect(new Set(pictures.map(picture => digest(picture.data))).size).toBe(40);
  const other = await syntheticDataset({ size: 40, width: 24, height: 16, classes: 8, seed: 6 }).image(0);
  expect(other.data).not.toEqual(pictures[0]!.data);
});

it('shows the class in the form: each covers its share of the square around it, wherever that is', async () => {
  const shares = { 'disk 0': Math.PI / 4, 'square 0': 1, 'diamond 0': 0.5, 'cross 0': 0.5775 };
  const data = syntheticDataset({ size: 40, width: 64, classes: 4 });
  expect(data.classes).toEqual(Object.keys(shares));
  for (let index = 0; index < data.size; index++) {
    const share = Object.values(shares)[data.labels![index]!]!;
    expect(Math.abs(coverage((await data.image(index)).data as Uint8Array, 64) - share)).toBeLessThan(0.09);
  }
});

/** The share of its bounding box that the shape covers. The ground does not change down a column, and the first row is ground. */
function coverage(data: Uint8Array, side: number): number {
  const inside = Array.from({ length: side * side }, (_, at) =>
    [0, 1, 2].some(c => data[3 * at + c] !== data[3 * (at % side) + c]),
  );
  const [columns, rows] = [new Set<number>(), new Set<number>()];
  inside.forEach((is, at) => {
    if (!is) return;
    columns.add(at % side);
    rows.add(Math.floor(at / side));
  });
  return inside.filter(Boolean).length / (columns.size * rows.size);
}

it('refuses settings out of range', async () => {
  for (const wrong of [
    { size: 0 },
    { size: 5 },
    { size: 10, channels: 17 },
    { size: 10, colours: 3 },
    { size: 10, seed: -1 },
  ]) {
    expect(() => syntheticDataset(wrong)).toThrow(ConfigError);
  }
  await expect(syntheticDataset({ size: 10 }).image(10)).rejects.toThrow(/from 0 to 9; got 10/);
});
