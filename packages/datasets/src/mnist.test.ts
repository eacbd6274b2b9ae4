import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { fakeMirror, idx, isPicture, temporaryFolder, value } from './fake-sets.ts';
import { idxDataset, readIdx } from './idx.ts';
import { fashionMnist, kmnist, mnist } from './mnist.ts';

function pictures(numbers: readonly number[], side = 28): Buffer {
  const all = numbers.flatMap(n =>
    Array.from({ length: side * side }, (_, i) => value(n, Math.floor(i / side), i % side, 0)),
  );
  return idx([numbers.length, side, side], Uint8Array.from(all));
}
const FILES = {
  'train-images-idx3-ubyte.gz': gzipSync(pictures([0, 1, 2])),
  'train-labels-idx1-ubyte.gz': gzipSync(idx([3], Uint8Array.of(5, 0, 9))),
  't10k-images-idx3-ubyte.gz': gzipSync(pictures([3])),
  't10k-labels-idx1-ubyte.gz': gzipSync(idx([1], Uint8Array.of(7))),
};

it.each([
  ['mnist', mnist, '7'],
  ['fashion-mnist', fashionMnist, 'Sneaker'],
  ['kmnist', kmnist, 'ya'],
] as const)('%s is fetched from the mirror and read', async (name, open, seventh) => {
  const { files, root, asked } = await fakeMirror(name, FILES);
  const options = { files, root, quiet: true };
  const train = await open('train', options);
  expect(train).toMatchObject({ name: `${name} train`, size: 3, channels: 1 });
  expect([...train.labels!]).toEqual([5, 0, 9]);
  expect(isPicture((await train.image(2)).data, 2, 28, 1)).toBe(true);
  const test = await open('test', options);
  expect([test.size, test.classes?.[test.labels![0]!]]).toEqual([1, seventh]);
  expect(asked.sort()).toEqual(
    Object.keys(FILES)
      .sort()
      .map(file => `/base/${name}/${file}`),
  );
});

it('unpacked files and other sets of the format are read too', async () => {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'images'), pictures([4, 1], 5));
  writeFileSync(join(dir, 'labels'), idx([2], Uint8Array.of(1, 0)));
  const options = { name: 'own', images: join(dir, 'images'), labels: join(dir, 'labels') };
  const own = await idxDataset(options);
  expect(own.classes).toEqual(['0', '1']);
  expect(isPicture((await own.image(0)).data, 4, 5, 1)).toBe(true);
  const turned = await idxDataset({ ...options, transposed: true });
  expect((await turned.image(1)).data[1]).toBe(value(1, 1, 0, 0));
});

it('damaged files, and such as do not belong together, are named', async () => {
  const dir = temporaryFolder();
  const put = (name: string, content: Buffer): string => {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  };
  const images = put('images', pictures([0, 1], 4));
  await expect(readIdx(put('cut', pictures([0], 4).subarray(0, 20)))).rejects.toThrow(/got 4 values for \[1, 4, 4\]/);
  await expect(readIdx(put('ints', idx([2], Uint8Array.of(1, 2), 0x0c)))).rejects.toThrow(/magic number 0x00000c01/);
  await expect(readIdx(put('gz', gzipSync(pictures([0])).subarray(0, 50)))).rejects.toThrow(/got Z_BUF_ERROR/);
  await expect(readIdx(join(dir, 'none'))).rejects.toThrow(/got ENOENT/);
  const flat = put('flat', idx([8], new Uint8Array(8)));
  await expect(idxDataset({ name: 'a', images: flat })).rejects.toThrow(/must be \[N, rows, columns\]; got \[8\]/);
  const labels = put('labels', idx([3], new Uint8Array(3)));
  await expect(idxDataset({ name: 'a', images, labels })).rejects.toThrow(
    /one label for each of 2 pictures; got \[3\]/,
  );
});
