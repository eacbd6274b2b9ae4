import { describe, expect, it } from 'vitest';
import { decodeImage } from '../data/index.ts';
import { ConfigError } from '../errors.ts';
import { neighbourRows, neighbourSheet } from './neighbour-sheet.ts';
import type { PixelRows } from './pixel-rows.ts';

const pixels = (count: number, first: number): PixelRows => ({
  data: Uint8Array.from({ length: count * 4 }, (_, i) => first + Math.floor(i / 4)),
  count,
  size: 2,
  channels: 1,
});

const options = {
  found: {
    k: 2,
    indices: Int32Array.of(2, 0, 1, 2),
    similarities: new Float32Array(4),
  },
  query: { pixels: pixels(2, 100), labels: [0, 1] },
  gallery: { pixels: pixels(3, 200), labels: [0, 1, 1] },
  classes: ['arrow', 'bell'],
};

describe('neighbourRows', () => {
  it('shows each query and its neighbours, right or wrong', () => {
    const rows = neighbourRows({ ...options, label: 'before' });
    expect(rows.map(({ label }) => label)).toEqual(['before', 'before']);
    const shown = rows.map(({ cells }) => cells.map(({ image, caption, frame }) => [image!.data[0], caption, frame]));
    expect(shown).toEqual([
      [
        [100, 'arrow', undefined],
        [202, 'bell', 'wrong'],
        [200, 'arrow', 'right'],
      ],
      [
        [101, 'bell', undefined],
        [201, 'bell', 'right'],
        [202, 'bell', 'right'],
      ],
    ]);
    expect(rows[0]!.cells[0]!.image).toMatchObject({ width: 2, height: 2, channels: 1 });
  });

  it('shows the queries and columns asked for, without labels too', () => {
    const { query, gallery } = options;
    const rows = neighbourRows({
      found: options.found,
      query: { pixels: query.pixels },
      gallery: { pixels: gallery.pixels },
      show: [1],
      columns: 1,
    });
    expect(rows).toHaveLength(1);
    expect(rows[0]!.cells.map(({ image, frame }) => [image!.data[0], frame])).toEqual([
      [101, undefined],
      [201, undefined],
    ]);
  });

  it('refuses queries and pictures that are not those of the search', () => {
    expect(() => neighbourRows({ ...options, show: [2] })).toThrow('from 0 to 1; got 2');
    expect(() => neighbourRows({ ...options, query: options.gallery })).toThrow(ConfigError);
    expect(() => neighbourRows({ ...options, gallery: options.query })).toThrow('got 2 for row 2');
  });
});

describe('neighbourSheet', () => {
  it('is a PNG with a column for the query and one for each neighbour', async () => {
    const [two, one] = await Promise.all(
      [2, 1].map(async columns => decodeImage(await neighbourSheet({ ...options, columns, cell: 20 }))),
    );
    expect(two!.width - one!.width).toBeGreaterThanOrEqual(20);
  });
});
