import { describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { arrayDataset, type Dataset, subset } from './dataset.ts';

/** Ten 1 × 1 grey pictures with values 0 … 9; odd ones are of class 1. */
const ten = (): Dataset =>
  arrayDataset({
    name: 'ten',
    data: Uint8Array.from({ length: 10 }, (_, i) => i),
    width: 1,
    height: 1,
    channels: 1,
    labels: Int32Array.from({ length: 10 }, (_, i) => i % 2),
    classes: ['even', 'odd'],
  });

const values = async (dataset: Dataset): Promise<number[]> =>
  Promise.all(Array.from({ length: dataset.size }, async (_, i) => (await dataset.image(i)).data[0]!));

describe('arrayDataset', () => {
  it('gives each picture its own pixels', async () => {
    const data = Uint8Array.from({ length: 2 * 3 * 2 * 2 }, (_, i) => i);
    const dataset = arrayDataset({ name: 'two', data, width: 3, height: 2, channels: 2 });
    expect(dataset.size).toBe(2);
    expect(await dataset.image(1)).toEqual({ data: data.subarray(12), width: 3, height: 2, channels: 2 });
  });

  it('has a fingerprint that changes with a pixel, a label or the shape', () => {
    const make = (pixel: number, label: number, width: number): string =>
      arrayDataset({
        name: 'x',
        data: Uint8Array.from([pixel, 2, 3, 4]),
        width,
        height: 2 / width,
        channels: 1,
        labels: Int32Array.from([label, 0]),
        classes: ['a', 'b'],
      }).fingerprint;
    expect(make(1, 0, 1)).toBe(make(1, 0, 1));
    expect(new Set([make(1, 0, 1), make(9, 0, 1), make(1, 1, 1), make(1, 0, 2)]).size).toBe(4);
  });

  it('refuses lengths and labels that do not fit', () => {
    const base = { name: 'x', data: new Uint8Array(8), width: 2, height: 2, channels: 1 };
    expect(() => arrayDataset({ ...base, width: 3 })).toThrow(/whole pictures of 2 x 3 x 1 values; got 8/);
    expect(() => arrayDataset({ ...base, data: new Uint8Array(0) })).toThrow(DataError);
    expect(() => arrayDataset({ ...base, labels: new Int32Array(3) })).toThrow(/got 3 for 2/);
    expect(() => arrayDataset({ ...base, labels: Int32Array.from([0, 2]), classes: ['a', 'b'] })).toThrow(/got 2/);
  });

  it('refuses an index that is not there', async () => {
    await expect(ten().image(10)).rejects.toThrow('ten: an index must be a whole number from 0 to 9; got 10');
    await expect(ten().image(-1)).rejects.toThrow(DataError);
  });
});

describe('subset', () => {
  it('takes pictures and labels in the order given, also of a subset', async () => {
    const part = subset(subset(ten(), [9, 4, 0, 3]), [3, 0]);
    expect(await values(part)).toEqual([3, 9]);
    expect([...part.labels!]).toEqual([1, 1]);
    expect(part.classes).toEqual(['even', 'odd']);
  });

  it('has a fingerprint of its own', () => {
    const prints = [ten(), subset(ten(), [1, 2]), subset(ten(), [2, 1])].map(d => d.fingerprint);
    expect(new Set(prints).size).toBe(3);
    expect(subset(ten(), [1, 2]).fingerprint).toBe(prints[1]);
  });

  it('refuses nothing and places outside', () => {
    expect(() => subset(ten(), [])).toThrow(/at least one index/);
    expect(() => subset(ten(), [3, 10])).toThrow(/from 0 to 9; got 10/);
  });
});
