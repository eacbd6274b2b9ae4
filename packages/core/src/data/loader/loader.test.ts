import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arrayDataset, type Dataset, type ImageFile } from '../dataset.ts';
import { imageFolder } from '../image-folder.ts';
import { batches, epochOrder } from '../sampler.ts';
import { decodePool } from './decode-pool.ts';
import type { HostBatch } from './fill-batch.ts';
import { type Loader, openLoader } from './loader.ts';
import type { LoaderOptions } from './options.ts';
import { writePictures } from './test-pictures.ts';

const folder = mkdtempSync(join(tmpdir(), 'ssl-loader-'));
const pictures = join(folder, '.');
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => writePictures(pictures, 23, [4, 9]));

const OPTIONS = { size: 16, batchSize: 5, seed: 3, cacheFolder: join(folder, '.cache') } as const;

async function open(options: Partial<LoaderOptions> = {}, dataset?: Dataset): Promise<Loader> {
  return openLoader(dataset ?? (await imageFolder(pictures, { verify: 'none' })), { ...OPTIONS, ...options });
}

/** Everything about some batches that a step would see. */
async function batchesOf(loader: Loader, places: readonly (readonly [epoch: number, part: number])[]) {
  const seen = [];
  for (const [epoch, part] of places) seen.push(plain(await loader.batch(epoch, part)));
  await loader.close();
  return seen;
}

function plain({ data, indices, widths, heights }: HostBatch) {
  return { data: [...data], indices: [...indices], widths: [...widths], heights: [...heights] };
}

const TWO_EPOCHS = [0, 1].flatMap(epoch => [0, 1, 2, 3].map(part => [epoch, part] as const));

describe('a batch', () => {
  let expected: Awaited<ReturnType<typeof batchesOf>>;
  beforeAll(async () => {
    expected = await batchesOf(await open({ workers: 0, cache: 'none', prefetch: 0 }), TWO_EPOCHS);
  });

  const WAYS: Record<string, Partial<LoaderOptions>> = {
    'one thread': { workers: 1, cache: 'none' },
    'four threads, read far ahead': { workers: 4, cache: 'none', prefetch: 6 },
    'kept in memory': { workers: 2, cache: 'memory' },
    'made for a cache on disk': { workers: 4, cache: 'disk' },
    'from a cache on disk': { workers: 1, cache: 'disk' },
  };
  test.each(Object.keys(WAYS))('is the same however it is read: %s', async way => {
    expect(await batchesOf(await open(WAYS[way]), TWO_EPOCHS)).toEqual(expected);
  });

  test('is the same wherever a run begins', async () => {
    for (const first of [3, 6]) {
      const from = await batchesOf(await open({ cache: 'none' }), TWO_EPOCHS.slice(first));
      expect(from).toEqual(expected.slice(first));
    }
  });

  test('is the same from storage that fails now and then', async () => {
    const { file: _, ...folder } = await imageFolder(pictures, { verify: 'none' }); // read here, so that it can be made to fail
    const failed = new Set<number>();
    const dataset: Dataset = {
      ...folder,
      encoded: async index => {
        if (failed.has(index)) return folder.encoded!(index);
        failed.add(index);
        throw Object.assign(new Error('i/o error'), { code: 'EIO' });
      },
    };
    const retry = { delay: 1e-3 };
    expect(await batchesOf(await open({ cache: 'none', retry }, dataset), TWO_EPOCHS)).toEqual(expected);
    expect(failed.size).toBe(23);
  });

  test('is the same with threads that read the files and with threads that are given them', async () => {
    const { file: _, ...given } = await imageFolder(pictures, { verify: 'none' });
    expect(await batchesOf(await open({ cache: 'none' }, given), TWO_EPOCHS)).toEqual(expected);
  });

  test('is the same in memory that an earlier one has released', async () => {
    const loader = await open({ cache: 'none', prefetch: 0 });
    const memory = new Set<ArrayBufferLike>();
    for (const [i, [epoch, part]] of TWO_EPOCHS.entries()) {
      const batch = await loader.batch(epoch, part);
      expect(plain(batch)).toEqual(expected[i]);
      memory.add(batch.data.buffer);
      batch.data.fill(77);
      batch.release();
    }
    expect(memory.size).toBe(1);
    const { data } = await loader.pictures(Uint32Array.of(0, 4, 1, 2, 3)); // the second cannot be read
    expect([...data.subarray(16 * 16 * 3, 2 * 16 * 16 * 3)].every(value => value === 0)).toBe(true);
    await loader.close();
  });

  test('has the pictures of the epoch, unreadable ones replaced by readable ones', () => {
    const orders = [0, 1].flatMap(epoch => batches(epochOrder(23, 3, epoch), 5));
    let replaced = 0;
    expected.forEach(({ indices }, i) => {
      indices.forEach((index, row) => {
        const wanted = orders[i]![row]!;
        expect([4, 9]).not.toContain(index);
        if ([4, 9].includes(wanted)) replaced++;
        else expect(index).toBe(wanted);
      });
    });
    expect(replaced).toBeGreaterThan(0);
  });

  test('has the true sizes beside the squares', () => {
    const { indices, widths, heights, data } = expected[0]!;
    expect(widths).toEqual(indices.map(i => 20 + (i % 5) * 5));
    expect(heights).toEqual(indices.map(i => 20 + (i % 3) * 10));
    expect(data).toHaveLength(5 * 16 * 16 * 3);
  });
});

test('a file that is gone when it is read is named with its reason, and the system says why', async () => {
  const dataset = await imageFolder(pictures, { verify: 'none' });
  const path = join(folder, 'gone.png');
  const file = (i: number): ImageFile => (i === 2 ? { path, decode: {} } : dataset.file!(i));
  const loader = await open({ cache: 'none' }, { ...dataset, file });
  for await (const batch of loader.everything(5)) expect(batch.count).toBeGreaterThan(0);
  expect(loader.bad.get(2)).toBe('no such file');
  await loader.close();

  const pool = decodePool(1);
  const error: unknown = await pool.decode({ path, decode: {} }, 16, 'fill').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'DataError', cause: { code: 'ENOENT' } });
  expect(String(error)).toContain(`every picture must be readable; got ${path}: no such file`);
  await pool.close();
});

test('ranks together have the batch of one', async () => {
  const [one, first, second] = [
    await open({ batchSize: 6 }),
    await open({ batchSize: 6, world: 2 }),
    await open({ batchSize: 6, rank: 1, world: 2 }),
  ];
  const [all, ...parts] = await Promise.all([one, first, second].map(async loader => plain(await loader.batch(1, 2))));
  expect(parts.flatMap(({ indices }) => indices)).toEqual(all!.indices);
  expect(parts.flatMap(({ data }) => data)).toEqual(all!.data);
  await Promise.all([one, first, second].map(loader => loader.close()));
});

test('unreadable pictures are counted and named', async () => {
  const loader = await open({ cache: 'none' });
  for (const [epoch, part] of TWO_EPOCHS) await loader.batch(epoch, part);
  expect(loader.skipped().map(({ path }) => path)).toEqual(['0004.jpeg', '0009.png']);
  await loader.close();
});

test.each(['none', 'memory', 'disk'] as const)('too many unreadable pictures are an error: cache %s', async cache => {
  const { file: _, ...folder } = await imageFolder(pictures, { verify: 'none' });
  const broken: Dataset = { ...folder, fingerprint: 'broken' };
  const dataset: Dataset = {
    ...broken,
    encoded: async index => ({ ...(await broken.encoded!(index)), ...(index % 3 > 0 && { bytes: new Uint8Array(9) }) }),
  };
  const training = async (): Promise<unknown> =>
    batchesOf(await open({ cache, maxBadShare: 0.1 }, dataset), TWO_EPOCHS);
  await expect(training()).rejects.toThrow(
    /at most 10 % of the pictures may be unreadable .*; got \d+ of 23 in .*pictures skipped: 00\d\d\..* \(not in a format/,
  );
});

test('what follows is read while a batch is used, and no more than was asked for', async () => {
  let reads = 0;
  const numbers = arrayDataset({
    name: 'n',
    data: Uint8Array.from({ length: 64 }, (_, i) => i),
    width: 1,
    height: 1,
    channels: 1,
  });
  const dataset: Dataset = {
    ...numbers,
    image: index => {
      reads++;
      return numbers.image(index);
    },
  };
  const loader = await openLoader(dataset, { size: 1, batchSize: 4, cache: 'none', prefetch: 3 });
  for (const part of [0, 1, 2]) {
    await loader.batch(0, part);
    await new Promise(resolve => setImmediate(resolve));
    expect(reads).toBe(4 * (part + 1 + 3));
  }
  await loader.close();
});

test('what makes no sense is refused before anything is read', async () => {
  const unread: Dataset = {
    ...(await imageFolder(pictures, { verify: 'none' })),
    encoded: () => Promise.reject(new Error('read')),
  };
  const cases: [Partial<LoaderOptions>, RegExp][] = [
    [{ batchSize: 24 }, /a batch cannot be larger than the data; got batch size 24 for 23 images/],
    [{ workers: -1 }, /workers must be a whole number of at least 0; got -1/],
    [{ prefetch: 1.5 }, /prefetch must be a whole number of at least 0; got 1.5/],
    [{ maxBadShare: 2 }, /maxBadShare must be between 0 and 1; got 2/],
    [{ cache: 'ram' as 'disk' }, /cache must be one of auto, none, memory, disk; got ram/],
    [{ size: 0 }, /size must be a positive whole number of pixels; got 0/],
    [{ world: 2 }, /all ranks need equally many images; got 5 for 2 ranks/],
  ];
  for (const [options, message] of cases) await expect(open(options, unread)).rejects.toThrow(message);
});
