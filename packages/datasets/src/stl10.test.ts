import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fakeMirror, isPicture, planes, tarGz, temporaryFolder } from './fake-sets.ts';
import { stl10 } from './stl10.ts';

const NAMES = ['airplane', 'bird', 'car', 'cat', 'deer', 'dog', 'horse', 'monkey', 'ship', 'truck'];
const pictures = (...numbers: number[]): Buffer => Buffer.concat(numbers.map(n => planes(n, 96, 'columns')));
const FILES = {
  'class_names.txt': Buffer.from(`${NAMES.join('\n')}\n`),
  'fold_indices.txt': Buffer.from('2 0\n1\n'),
  'train_X.bin': pictures(0, 1, 2),
  'train_y.bin': Buffer.of(1, 10, 3),
  'test_X.bin': pictures(3),
  'test_y.bin': Buffer.of(4),
  'unlabeled_X.bin': pictures(4, 5),
};

it('every split of STL-10 is read, with labels from 0 and pictures the right way up', async () => {
  const entries = Object.entries(FILES).map(([name, content]) => [`stl10_binary/${name}`, content]);
  const archive = await tarGz(Object.fromEntries(entries));
  const { files, root } = await fakeMirror('stl10', { 'stl10_binary.tar.gz': archive });
  const options = { files, root, quiet: true };
  const train = await stl10('train', options);
  expect([train.size, train.classes, [...train.labels!]]).toEqual([3, NAMES, [0, 9, 2]]);
  expect(isPicture((await train.image(1)).data, 1, 96)).toBe(true);
  expect([...(await stl10('test', options)).labels!]).toEqual([3]);
  const unlabeled = await stl10('unlabeled', options);
  expect([unlabeled.size, unlabeled.labels, unlabeled.classes]).toEqual([2, undefined, undefined]);
  expect(isPicture((await unlabeled.image(1)).data, 5, 96)).toBe(true);
  const both = await stl10('train+unlabeled', options);
  expect([...both.labels!]).toEqual([0, 9, 2, -1, -1]);
  expect(isPicture((await both.image(4)).data, 5, 96)).toBe(true);
  const fold = await stl10('train', { ...options, fold: 0 });
  expect([[...fold.labels!], isPicture((await fold.image(0)).data, 2, 96)]).toEqual([[2, 0], true]);
  await expect(stl10('test', { ...options, fold: 0 })).rejects.toThrow(/fold must be 0 to 9, of the train split/);
  await expect(stl10('train', { ...options, fold: 5 })).rejects.toThrow(/line 6 of .*fold_indices\.txt/);
});

it('labels that do not fit the pictures are refused', async () => {
  const dir = temporaryFolder();
  for (const [name, content] of Object.entries({ ...FILES, 'test_y.bin': Buffer.of(1, 2) }))
    writeFileSync(join(dir, name), content);
  await expect(stl10('test', { dir })).rejects.toThrow(/one label for each picture; got 2 for 1/);
});
