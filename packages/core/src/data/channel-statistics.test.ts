import { describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { type FixtureTensor, readFixture } from '../testing/index.ts';
import { channelStatistics } from './channel-statistics.ts';
import { arrayDataset, type Dataset } from './dataset.ts';
import { decodeFault } from './decode-fault.ts';

const { statistics } = readFixture<{ statistics: Record<'data' | 'mean' | 'std', FixtureTensor> }>(
  import.meta.url,
  'decode.json',
);
const [count, height, width, channels] = statistics.data.shape as [number, number, number, number];
const data = Uint8Array.from(statistics.data.data);
const dataset = arrayDataset({ name: 'numbers', data, width, height, channels });

function expectClose(got: readonly number[], expected: readonly number[]): void {
  expect(got).toHaveLength(expected.length);
  got.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-8); // the fixture has 9 digits
  });
}

describe('channelStatistics', () => {
  it("gives NumPy's figures over all pixels", async () => {
    const steps: number[] = [];
    const found = await channelStatistics(dataset, { onProgress: done => steps.push(done) });
    expectClose(found.mean, statistics.mean.data);
    expectClose(found.std, statistics.std.data);
    expect(found).toMatchObject({ count, skipped: [] });
    expect(steps).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  });

  it('keeps the deviation of bright pictures that hardly differ, as floats', async () => {
    const bright = Float32Array.from({ length: 1000 * 4 }, (_, i) => 254 + (i % 2) / 128);
    const floats = arrayDataset({ name: 'bright', data: bright, width: 2, height: 2, channels: 1 });
    const { std } = await channelStatistics(floats);
    expect(std[0]! * 255).toBeCloseTo(1 / 256, 12);
  });

  it('lets a large picture count as much as a small one', async () => {
    const sizes = [1, 10];
    const mixed: Dataset = {
      name: 'mixed',
      size: 2,
      channels: 1,
      fingerprint: '',
      image: async i => {
        const side = sizes[i]!;
        return { data: new Uint8Array(side * side).fill(i * 255), width: side, height: side, channels: 1 };
      },
    };
    expect(await channelStatistics(mixed)).toMatchObject({ mean: [0.5], std: [0.5] });
  });

  it('draws a sample by its seed, without repeats', async () => {
    const seen: number[] = [];
    const watched: Dataset = {
      ...dataset,
      image: async i => {
        seen.push(i);
        return dataset.image(i);
      },
    };
    const first = await channelStatistics(watched, { sample: 4, seed: 7 });
    expect(await channelStatistics(watched, { sample: 4, seed: 7 })).toEqual(first);
    expect(seen.slice(0, 4)).toEqual(seen.slice(4));
    expect(new Set(seen).size).toBe(4);
    expect((await channelStatistics(watched, { sample: 4, seed: 8 })).mean).not.toEqual(first.mean);
    await expect(channelStatistics(dataset, { sample: 0 })).rejects.toThrow('sample must be a positive whole number');
  });

  it('names what could not be read, and wants something that can', async () => {
    const broken = (bad: (i: number) => boolean): Dataset => ({
      ...dataset,
      describe: i => `${i}.png`,
      image: async i => {
        if (bad(i)) throw decodeFault('damaged or truncated');
        return dataset.image(i);
      },
    });
    const found = await channelStatistics(broken(i => i === 2));
    expect(found).toMatchObject({ count: count - 1, skipped: [{ path: '2.png', reason: 'damaged or truncated' }] });
    await expect(channelStatistics(broken(() => true))).rejects.toThrow(DataError);
  });
});
