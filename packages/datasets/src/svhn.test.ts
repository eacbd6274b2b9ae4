import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fakeMirror, isPicture, mat5, planes, temporaryFolder } from './fake-sets.ts';
import { matArrays } from './mat5.ts';
import { svhn } from './svhn.ts';

const [DOUBLE, UINT8, CHAR] = [6, 9, 4];
const X = (numbers: readonly number[], compressed: boolean) => ({
  name: 'X',
  shape: [32, 32, 3, numbers.length],
  kind: UINT8,
  type: 2,
  data: Buffer.concat(numbers.map(n => planes(n, 32, 'columns'))),
  compressed,
});
const doubles = (...values: number[]): Buffer => Buffer.from(Float64Array.from(values).buffer);

it('SVHN is fetched, its compressed arrays are unpacked into the cache, and 10 becomes 0', async () => {
  const y = { name: 'y', shape: [3, 1], kind: UINT8, type: 2, data: Buffer.of(1, 10, 9), compressed: true };
  const { files, root, asked } = await fakeMirror('svhn', { 'train_32x32.mat': mat5([X([5, 6, 7], true), y]) });
  const options = { files, root, quiet: true };
  for (let visit = 0; visit < 2; visit++) {
    const train = await svhn('train', options);
    expect(train).toMatchObject({ name: 'svhn train', size: 3, channels: 3 });
    expect([...train.labels!]).toEqual([1, 0, 9]);
    expect(isPicture((await train.image(2)).data, 7, 32)).toBe(true);
  }
  expect(asked).toEqual(['/base/svhn/train_32x32.mat']);
});

it('a file of doubles that is not compressed is read from a folder', async () => {
  const dir = temporaryFolder();
  const text = { name: 'note', shape: [1, 2], kind: CHAR, type: 4, data: Buffer.from('h\0i\0'), compressed: false };
  const y = { name: 'y', shape: [2, 1], kind: DOUBLE, type: 9, data: doubles(10, 3) };
  writeFileSync(join(dir, 'test_32x32.mat'), mat5([text, y, X([1, 2], false)]));
  const test = await svhn('test', { dir });
  expect([...test.labels!]).toEqual([0, 3]);
  expect(isPicture((await test.image(1)).data, 2, 32)).toBe(true);
});

it('small arrays are read where they fit into their tags', async () => {
  const file = join(temporaryFolder(), 'a.mat');
  const entry = { shape: [1, 3], kind: UINT8, type: 2 };
  const entries = [
    { ...entry, name: 'a', data: Buffer.of(1, 2, 3) },
    { ...entry, name: 'longname', data: Buffer.of(4, 5, 6), compressed: true },
  ];
  writeFileSync(file, mat5(entries));
  const arrays = await matArrays(file);
  expect(arrays.map(({ name, shape, type }) => ({ name, shape, type }))).toEqual([
    { name: 'a', shape: [1, 3], type: 'uint8' },
    { name: 'longname', shape: [1, 3], type: 'uint8' },
  ]);
  const values: number[] = [];
  for (const array of arrays) for await (const piece of array.read()) values.push(...piece);
  expect(values).toEqual([1, 2, 3, 4, 5, 6]);
});

it('files of another kind, and damaged ones, are named', async () => {
  const dir = temporaryFolder();
  const file = join(dir, 'extra_32x32.mat');
  const open = async (content: Buffer): Promise<unknown> => {
    writeFileSync(file, content);
    return svhn('extra', { dir });
  };
  const y = { name: 'y', shape: [1, 1], kind: UINT8, type: 2, data: Buffer.of(1) };
  const whole = mat5([X([1], true), y]);
  await expect(open(Buffer.from('<html>not found</html>'.repeat(9)))).rejects.toThrow(/one that starts with "<html>/);
  const hdf5 = Buffer.alloc(600, ' ');
  hdf5.write('MATLAB 7.3 MAT-file');
  await expect(open(hdf5)).rejects.toThrow(/version 7\.3: save it with -v7/);
  await expect(open(whole.subarray(0, 300))).rejects.toThrow(/got 300 bytes where there must be/);
  const flipped = Buffer.from(whole);
  flipped.fill(0xff, 140, 160);
  await expect(open(flipped)).rejects.toThrow(/must be a whole MAT-file.*fetch it again/);
  await expect(open(mat5([y]))).rejects.toThrow(/must hold X uint8 \[32, 32, 3, N\].*got y uint8 \[1, 1\]/);
  await expect(open(mat5([X([1], false), { ...y, data: Buffer.of(11) }]))).rejects.toThrow(/1 to 10.*got 11/);
});
