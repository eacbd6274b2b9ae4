import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clearPixelCaches, listPixelCaches, verifyPixelCache } from './cache-admin.ts';
import { newBlock } from './pixel-block.ts';
import { type CachedStore, cachedStore, type PixelCacheOptions } from './pixel-cache.ts';
import type { SquareReader } from './square-reader.ts';

const KEY = { name: 'my set', fingerprint: 'f', count: 10, size: 2, channels: 1, depth: 'uint8', fit: 'fill' } as const;
/** Pictures in a block. */
const ROWS = 3;
let folder: string;
let read: number[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ssl-cache-'));
  read = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const pictures: SquareReader = async index => {
  read.push(index);
  if (index === 5) return 'broken';
  return { data: Uint8Array.of(index, index, index, 100 + index), width: 10 + index, height: 20 + index };
};
const open = (
  options: PixelCacheOptions = {},
  reader = pictures,
  key: Parameters<typeof cachedStore>[0] = KEY,
): Promise<CachedStore> => cachedStore(key, reader, { folder, blockBytes: ROWS * 4, ...options });

async function contentOf(store: CachedStore) {
  const block = newBlock(KEY, KEY.count);
  const reasons = [];
  for (let i = 0; i < KEY.count; i++) reasons.push(await store.fill(block, i, i));
  await store.close();
  return { data: [...block.data], widths: [...block.widths], heights: [...block.heights], reasons };
}
const blockFiles = (path: string): string[] => readdirSync(path).filter(name => name.endsWith('.pixels'));

test('pictures are read once, and then come from the cache as they were', async () => {
  const first = await contentOf(await open());
  expect([...read].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(first.data.slice(4, 8)).toEqual([1, 1, 1, 101]);
  expect(first.widths[9]).toBe(19);
  expect(first.reasons.map(reason => reason ?? '').join()).toBe(',,,,,broken,,,,');
  read = [];
  expect(await contentOf(await open())).toEqual(first);
  expect(read).toEqual([]);
});

test('a build that was stopped goes on after the last whole block', async () => {
  const stop = new AbortController();
  const stopping: SquareReader = async index => {
    if (index === 7) stop.abort(new Error('stopped'));
    return pictures(index);
  };
  await expect(open({ signal: stop.signal }, stopping)).rejects.toThrow('stopped');
  read = [];
  const store = await open();
  expect([...read].sort((a, b) => a - b)).toEqual([6, 7, 8, 9]);
  expect((await contentOf(store)).data[4 * 9]).toBe(9);
});

test('a damaged block is found by its hash and made again', async () => {
  const sound = await contentOf(await open());
  const [cache] = await listPixelCaches(folder);
  const file = join(cache!.path, blockFiles(cache!.path)[1]!);
  const bytes = readFileSync(file);
  bytes[0]! ^= 1;
  writeFileSync(file, bytes);
  expect(await verifyPixelCache(cache!.path)).toEqual([expect.stringContaining('other bytes than were written')]);
  read = [];
  expect(await contentOf(await open())).toEqual(sound);
  expect([...read].sort((a, b) => a - b)).toEqual([3, 4, 5]);
  expect(await verifyPixelCache(cache!.path)).toEqual([]);
});

test('who comes while it is built waits, and reads what the other made', async () => {
  let waited = 0;
  const stores = await Promise.all([open({ onWait: () => waited++ }), open({ onWait: () => waited++ })]);
  expect(waited).toBe(1);
  expect(read).toHaveLength(10);
  const [a, b] = await Promise.all(stores.map(contentOf));
  expect(a).toEqual(b);
});

test('other data, another size or another fit have caches of their own', async () => {
  await open();
  for (const other of [{ fingerprint: 'g' }, { size: 1 }, { fit: 'cover' }, { depth: 'float32' } as const]) {
    read = [];
    const square: SquareReader = async index => {
      read.push(index);
      return { data: new Uint8Array('size' in other ? 1 : 4), width: 1, height: 1 };
    };
    await (await open({}, square, { ...KEY, ...other })).close();
    expect(read).toHaveLength(10);
  }
  expect(await listPixelCaches(folder)).toHaveLength(5);
});

test('caches are listed and cleared, those of one data set or all', async () => {
  await (await open()).close();
  await (await open({}, pictures, { ...KEY, name: 'else', fingerprint: 'g' })).close();
  const [cache] = (await listPixelCaches(folder)).filter(({ name }) => name === 'my set');
  expect(cache).toMatchObject({ pictures: 10, size: 2, complete: true });
  const bytes = cache!.bytes;
  expect(await clearPixelCaches({ name: 'my set', folder })).toBe(bytes);
  expect((await listPixelCaches(folder)).map(({ name }) => name)).toEqual(['else']);
  await clearPixelCaches({ folder });
  expect(readdirSync(folder)).toEqual([]);
});
