import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '@ssl/core/data';
import { expect, it } from 'vitest';
import { cifar10, cifar100 } from './cifar.ts';
import { fakeMirror, isPicture, planes, tarGz, temporaryFolder } from './fake-sets.ts';

const NAMES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
/** Two pictures a file: 0 and 1 in the first, and so on; the label is the picture's number. */
const batch = (first: number, labels = [[first], [first + 1]]): Buffer =>
  Buffer.concat(labels.flatMap((label, i) => [Buffer.from(label), planes(first + i, 32, 'rows')]));

const TEN = {
  'batches.meta.txt': Buffer.from(`${NAMES.join('\n')}\n\n`),
  ...Object.fromEntries([1, 2, 3, 4, 5].map(n => [`data_batch_${n}.bin`, batch(2 * n - 2)])),
  'test_batch.bin': batch(8),
};
const below = (folder: string, files: Readonly<Record<string, Buffer>>): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));

it('CIFAR-10 is fetched from the mirror once, checked, unpacked and read', async () => {
  const archive = await tarGz({ 'cifar-10-batches-bin/': null, ...below('cifar-10-batches-bin', TEN) });
  const { files, root, asked } = await fakeMirror('cifar10', { 'cifar-10-binary.tar.gz': archive });
  const options = { files, root, quiet: true };
  const train = await cifar10('train', options);
  expect(asked).toEqual(['/base/cifar10/cifar-10-binary.tar.gz']);
  expect(train).toMatchObject({ name: 'cifar10 train', size: 10, channels: 3, classes: NAMES });
  expect([...train.labels!]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const { data, width, height } = await train.image(7);
  expect([width, height, isPicture(data, 7, 32)]).toEqual([32, 32, true]);
  expect(train.describe?.(7)).toBe('data_batch_4.bin, picture 1');
  const test = await cifar10('test', options);
  expect([test.size, [...test.labels!], isPicture((await test.image(1)).data, 9, 32)]).toEqual([2, [8, 9], true]);
  const all = await cifar10('all', options);
  expect([all.name, all.size, new Set([all, train, test].map(set => set.fingerprint)).size]).toEqual([
    'cifar10',
    12,
    3,
  ]);
  expect(asked).toHaveLength(1);
  expect(readdirSync(join(root, 'downloads', 'cifar10'))).toEqual([]);
  await expect(train.image(10)).rejects.toThrow(/index must be a whole number from 0 to 9; got 10/);
});

it('another archive than the pinned one is refused, and said where it came from', async () => {
  const { root } = await fakeMirror('cifar10', { 'cifar-10-binary.tar.gz': await tarGz(TEN) });
  await expect(cifar10('train', { root, quiet: true })).rejects.toThrow(
    /\/base\/cifar10\/cifar-10-binary\.tar\.gz must have 170052171 bytes; got \d+;/,
  );
});

it('CIFAR-100 has fine and coarse labels', async () => {
  const dir = temporaryFolder();
  mkdirSync(join(dir, 'cifar-100-binary'));
  const records = batch(3, [
    [1, 4],
    [0, 2],
  ]);
  const names = (count: number): string => Array.from({ length: count }, (_, i) => `name ${i}\n`).join('');
  const files = { 'train.bin': records, 'fine_label_names.txt': names(5), 'coarse_label_names.txt': names(2) };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, 'cifar-100-binary', name), content);
  const fine = await cifar100('train', { dir });
  expect([...fine.labels!]).toEqual([4, 2]);
  expect(isPicture((await fine.image(1)).data, 4, 32)).toBe(true);
  const coarse = await cifar100('train', { dir: join(dir, 'cifar-100-binary'), labels: 'coarse' });
  expect([[...coarse.labels!], coarse.classes]).toEqual([
    [1, 0],
    ['name 0', 'name 1'],
  ]);
  expect(coarse.fingerprint).not.toBe(fine.fingerprint);
});

it('damaged and missing files are named', async () => {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'batches.meta.txt'), NAMES.join('\n'));
  await expect(cifar10('test', { dir })).rejects.toThrow(/test_batch\.bin must be there; got ENOENT/);
  writeFileSync(join(dir, 'test_batch.bin'), batch(0).subarray(1));
  const cut = cifar10('test', { dir });
  await expect(cut).rejects.toBeInstanceOf(DataError);
  await expect(cut).rejects.toThrow(/test_batch\.bin must hold whole records of 3073 bytes; got 6145 bytes/);
  writeFileSync(join(dir, 'test_batch.bin'), batch(0, [[1], [200]]));
  await expect(cifar10('test', { dir })).rejects.toThrow(/a label must be one of 10 classes; got 200/);
  await expect(cifar10('test', { dir: join(dir, 'nowhere') })).rejects.toThrow(/dir must be a folder .*nowhere/);
  await expect(cifar10('val' as 'test', { dir })).rejects.toThrow('cifar10: split must be train, test or all; got val');
});
