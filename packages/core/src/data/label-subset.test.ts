import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { arrayDataset, type Dataset } from './dataset.ts';
import { type LabelSubsetOptions, labelSubset } from './label-subset.ts';
import { readNames, subsetByNames, writeNames } from './subset-by-names.ts';

/** Named `class/index.png`: 300 of a, 30 of b, 3 of c, and 7 without a label. */
function labelled(): Dataset {
  const counts = [300, 30, 3];
  const labels = Int32Array.from([
    ...counts.flatMap((count, label) => Array<number>(count).fill(label)),
    ...Array<number>(7).fill(-1),
  ]);
  const classes = ['a', 'b', 'c'];
  const data = new Uint8Array(labels.length);
  return {
    ...arrayDataset({ name: 'three classes', data, width: 1, height: 1, channels: 1, labels, classes }),
    describe: index => `${classes[labels[index]!] ?? 'none'}/${index}.png`,
  };
}
const namesOf = (dataset: Dataset): string[] => Array.from({ length: dataset.size }, (_, i) => dataset.describe!(i));
const counts = ({ labels }: Dataset): number[] =>
  [-1, 0, 1, 2].map(label => labels!.filter(each => each === label).length);

it('takes the share of each class, at least one, and none without a label', () => {
  expect(counts(labelSubset(labelled(), { fraction: 0.01, seed: 1 }))).toEqual([0, 3, 1, 1]);
  expect(counts(labelSubset(labelled(), { fraction: 0.1, seed: 1 }))).toEqual([0, 30, 3, 1]);
  expect(counts(labelSubset(labelled(), { perClass: 3, seed: 1 }))).toEqual([0, 3, 3, 3]);
});

it('keeps the smaller part within the larger one of the same seed, in the order of the whole', () => {
  for (const seed of [0, 1, 2]) {
    const parts: LabelSubsetOptions[] = [
      { fraction: 0.01, seed },
      { perClass: 3, seed },
      { fraction: 0.1, seed },
      { fraction: 1, seed },
    ];
    const [percent, three, ten, all] = parts.map(options => namesOf(labelSubset(labelled(), options)));
    expect(percent!.filter(name => !ten!.includes(name))).toEqual([]);
    expect(three!.filter(name => name.startsWith('a')).every(name => ten!.includes(name))).toBe(true);
    expect(all).toEqual(namesOf(labelled()).slice(0, 333));
  }
  const [one, other] = [1, 2].map(seed => namesOf(labelSubset(labelled(), { fraction: 0.1, seed })));
  expect(one).not.toEqual(other);
});

it('draws the same list on every machine', () => {
  expect(namesOf(labelSubset(labelled(), { fraction: 0.01, seed: 7 }))).toMatchInlineSnapshot(`
    [
      "a/61.png",
      "a/102.png",
      "a/262.png",
      "b/329.png",
      "c/330.png",
    ]
  `);
});

it('refuses a class with too few pictures, and a wrong amount', () => {
  const take = (options: object): unknown => labelSubset(labelled(), { seed: 0, ...options } as LabelSubsetOptions);
  expect(() => take({ perClass: 4 })).toThrow(
    'labelSubset: every class must have at least 4 pictures; got 3 of c; take fewer',
  );
  expect(() => take({})).toThrow(/either fraction or perClass must be given; got neither/);
  expect(() => take({ perClass: 1, fraction: 0.1 })).toThrow(/got both/);
  for (const wrong of [{ fraction: 0 }, { fraction: 1.5 }, { perClass: 1.5 }, { share: 0.1 }])
    expect(() => take(wrong)).toThrow();
});

it('takes a published list: paths or their last parts, written and read as text', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'names-'));
  try {
    const file = join(dir, 'five.txt');
    await writeNames(file, labelSubset(labelled(), { fraction: 0.01, seed: 7 }));
    const names = await readNames(file);
    expect((await readFile(file, 'utf8')).endsWith('\n')).toBe(true);
    expect(namesOf(subsetByNames(labelled(), names.toReversed()))).toEqual(names);
    expect(namesOf(subsetByNames(labelled(), ['12.png', 'b/310.png']))).toEqual(['a/12.png', 'b/310.png']);
  } finally {
    await rm(dir, { recursive: true });
  }
});

it('refuses names that fit no picture or several, but not those of broken ones', () => {
  const dataset: Dataset = { ...labelled(), skipped: [{ path: 'a/broken.png', reason: 'empty file (0 bytes)' }] };
  expect(() => subsetByNames(dataset, ['12.png', 'x.png', 'y.png'])).toThrow(
    'subsetByNames: every name must fit a picture of three classes; got x.png and 1 more, of 3',
  );
  expect(subsetByNames(dataset, ['12.png', 'broken.png']).size).toBe(1);
  const twins: Dataset = { ...labelled(), describe: index => `${index}/same.png` };
  expect(() => subsetByNames(twins, ['same.png'])).toThrow(
    /must fit one picture; got same\.png for 0\/same\.png and 1\/same\.png/,
  );
});
