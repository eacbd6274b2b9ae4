import { describe, expect, it } from 'vitest';
import { arrayDataset, type Dataset } from './dataset.ts';
import { splitDataset } from './split-dataset.ts';

/** Grey pictures of one pixel with their index as value, and these labels. */
const labelled = (labels: readonly number[]): Dataset =>
  arrayDataset({
    name: 'pixels',
    data: Uint8Array.from(labels.keys()),
    width: 1,
    height: 1,
    channels: 1,
    labels: Int32Array.from(labels),
    classes: ['a', 'b', 'c'],
  });
const ten = (): Dataset => labelled(Array.from({ length: 10 }, (_, i) => i % 2));
const values = async (dataset: Dataset): Promise<number[]> =>
  Promise.all(Array.from({ length: dataset.size }, async (_, i) => (await dataset.image(i)).data[0]!));

describe('splitDataset', () => {
  it('divides the whole without overlap, in order, by the seed', async () => {
    const [first, second] = splitDataset(ten(), { fraction: 0.3, seed: 1 });
    const [a, b] = [await values(first), await values(second)];
    expect([a.length, b.length]).toEqual([3, 7]);
    expect([...a, ...b].sort((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(a).toEqual([...a].sort((x, y) => x - y));
    expect(await values(splitDataset(ten(), { fraction: 0.3, seed: 1 })[0])).toEqual(a);
    const others = await Promise.all([2, 3, 4].map(seed => values(splitDataset(ten(), { fraction: 0.3, seed })[0])));
    expect(others.some(other => other.join() !== a.join())).toBe(true);
  });

  it('refuses an empty part', () => {
    for (const fraction of [0, 0.01, 1, 2, Number.NaN]) {
      expect(() => splitDataset(ten(), { fraction, seed: 0 })).toThrow(/both parts must have pictures/);
    }
  });

  it('divides every class by the same share on request, and keeps a class of one picture in the first part', async () => {
    const labels = [...Array<number>(80).fill(0), ...Array<number>(19).fill(1), 2];
    const [first, second] = splitDataset(labelled(labels), { fraction: 0.9, seed: 3, by: 'label' });
    const counts = ({ labels: of }: Dataset): number[] =>
      [0, 1, 2].map(label => of!.filter(each => each === label).length);
    expect(counts(first)).toEqual([72, 17, 1]);
    expect(counts(second)).toEqual([8, 2, 0]);
    expect([...(await values(first)), ...(await values(second))].sort((a, b) => a - b)).toEqual([...labels.keys()]);
    expect(counts(splitDataset(labelled([0, 0, 1, 1]), { fraction: 0.99, seed: 0, by: 'label' })[1])).toEqual([
      1, 1, 0,
    ]);
  });

  it('refuses to divide by labels that are not there, and options that it does not know', () => {
    const bare = arrayDataset({ name: 'bare', data: new Uint8Array(4), width: 1, height: 1, channels: 1 });
    const split = (dataset: Dataset, options: object): unknown =>
      splitDataset(dataset, { fraction: 0.5, seed: 0, ...options });
    expect(() => split(bare, { by: 'label' })).toThrow('splitDataset: the dataset must have labels; got none in bare');
    expect(() => split(ten(), { by: 'class' })).toThrow("by must be 'label' or left out; got class");
    expect(() => split(ten(), { stratify: true })).toThrow(/got 'stratify'/);
  });
});
