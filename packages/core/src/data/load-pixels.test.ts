import { describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../errors.ts';
import { arrayDataset, type Dataset, subset } from './dataset.ts';
import type { DecodedImage } from './decode.ts';
import { describeSkipped, loadPixels } from './load-pixels.ts';

const pixel = (value: number): DecodedImage => ({ data: Uint8Array.from([value]), width: 1, height: 1, channels: 1 });

/** Picture `i` is one pixel of value `i`, unless `i` is in `broken`; later pictures answer sooner. */
function unruly(size: number, broken: readonly number[], thrown: (i: number) => Error): Dataset {
  return {
    name: 'unruly',
    size,
    channels: 1,
    fingerprint: 'f',
    labels: Int32Array.from({ length: size }, (_, i) => i),
    describe: i => `p${i}.png`,
    image: async i => {
      await new Promise(resolve => setTimeout(resolve, size - i));
      if (broken.includes(i)) throw thrown(i);
      return pixel(i);
    },
  };
}
const bad = (i: number): DataError => new DataError(`no ${i}`, { cause: new Error('truncated') });

describe('loadPixels', () => {
  it('packs rows in order whatever ends first', async () => {
    const packed = await loadPixels(unruly(12, [], bad), { size: 1, concurrency: 5 });
    expect([...packed.data]).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(packed).toMatchObject({ count: 12, size: 1, channels: 1, skipped: [] });
  });

  it('leaves broken pictures out, counts them and names them', async () => {
    const seen: number[] = [];
    const packed = await loadPixels(unruly(6, [4, 0, 2], bad), {
      size: 1,
      concurrency: 3,
      onProgress: done => seen.push(done),
    });
    expect([...packed.data]).toEqual([1, 3, 5]);
    expect([...packed.indices]).toEqual([1, 3, 5]);
    expect([...packed.labels!]).toEqual([1, 3, 5]);
    expect(packed.skipped).toEqual([0, 2, 4].map(i => ({ path: `p${i}.png`, reason: 'truncated' })));
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('works on no more pictures at once than asked', async () => {
    let [now, most] = [0, 0];
    const dataset: Dataset = {
      ...unruly(9, [], bad),
      image: async () => {
        most = Math.max(most, ++now);
        await new Promise(resolve => setTimeout(resolve, 1));
        now--;
        return pixel(0);
      },
    };
    await loadPixels(dataset, { size: 1, concurrency: 3 });
    expect(most).toBe(3);
  });

  it('keeps the true width and height', async () => {
    const wide = arrayDataset({ name: 'w', data: new Uint8Array(8 * 4).fill(9), width: 8, height: 4, channels: 1 });
    const squashed = await loadPixels(wide, { size: 2 });
    expect([squashed.data.length, squashed.widths[0], squashed.heights[0]]).toEqual([4, 8, 4]);
    const cut = await loadPixels(wide, { size: 2, fit: 'cover' });
    expect([cut.widths[0], cut.heights[0]]).toEqual([4, 4]);
    expect([...cut.data]).toEqual([9, 9, 9, 9]);
  });

  it('has a fingerprint that changes with what could be read and how it is stored', async () => {
    const prints = await Promise.all([
      loadPixels(unruly(3, [], bad), { size: 1 }),
      loadPixels(unruly(3, [1], bad), { size: 1 }),
      loadPixels(unruly(3, [], bad), { size: 2 }),
      loadPixels(subset(unruly(3, [], bad), [0, 1]), { size: 1 }),
    ]);
    expect(new Set(prints.map(p => p.fingerprint)).size).toBe(4);
  });

  it('refuses data of which nothing can be read', async () => {
    await expect(loadPixels(unruly(5, [0, 1, 2, 3, 4], bad), { size: 1 })).rejects.toThrow(
      'loadPixels: at least one picture must be readable; got none in unruly; ' +
        '5 of 5 pictures skipped: p0.png (truncated), p1.png (truncated), p2.png (truncated) and 2 more',
    );
  });

  it('passes on what is no broken picture', async () => {
    await expect(
      loadPixels(
        unruly(3, [1], () => new TypeError('a fault')),
        { size: 1 },
      ),
    ).rejects.toThrow(TypeError);
  });

  it('refuses sizes that make no sense or no room', async () => {
    await expect(loadPixels(unruly(1, [], bad), { size: 0 })).rejects.toThrow(ConfigError);
    await expect(loadPixels({ ...unruly(1, [], bad), size: 1e9 }, { size: 224 })).rejects.toThrow(
      /must fit into memory/,
    );
  });
});

describe('describeSkipped', () => {
  it('is empty when nothing was skipped', () => {
    expect(describeSkipped([], 10)).toBe('');
    expect(describeSkipped([{ path: 'a.jpg', reason: 'r' }], 10)).toBe('1 of 10 pictures skipped: a.jpg (r)');
  });
});
