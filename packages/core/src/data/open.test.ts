import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFixture } from '../testing/index.ts';
import type { Dataset } from './dataset.ts';
import { encodePng } from './decode.ts';
import { imageFolder } from './image-folder.ts';
import { openDataset, openParts } from './open.ts';
import { syntheticDataset } from './sources/synthetic.ts';
import { writeShards } from './sources/tar-write.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-open-'));
afterAll(() => rmSync(root, { recursive: true }));
const at = (...path: string[]): string => join(root, ...path);
const opened: Dataset[] = [];
const open = async (...[path, options]: Parameters<typeof openDataset>): Promise<Dataset> => {
  const dataset = await openDataset(path, options);
  opened.push(dataset);
  return dataset;
};
afterAll(async () => {
  for (const dataset of opened) await dataset.close?.();
});

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = at('cache');
  const shapes = syntheticDataset({ size: 6, width: 16, classes: 2 });
  for (let i = 0; i < 6; i++) {
    const png = await encodePng(await shapes.image(i));
    for (const part of ['photos', 'parts/train', 'parts/val']) {
      const folder = at(part, i % 2 ? 'odd' : 'even');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${i}.png`), png);
    }
  }
  const rows = Array.from({ length: 6 }, (_, i) => `${i % 2 ? 'odd' : 'even'}/${i}.png,${i % 2 ? 'odd' : 'even'}\n`);
  writeFileSync(at('photos', 'list.csv'), `path,label\n${rows.join('')}`);
  await writeShards(await imageFolder(at('photos')), at('shards'), { samplesPerShard: 4, seed: false });
  const { deflated } = readFixture<{ deflated: Record<string, string> }>(
    new URL('./sources/', import.meta.url).href,
    'archives.json',
  );
  mkdirSync(at('tables'));
  writeFileSync(at('tables', 'hub.parquet'), inflateSync(Buffer.from(deflated['hub.parquet']!, 'base64')));
  writeFileSync(at('notes.txt'), 'no pictures');
});

describe('openDataset', () => {
  test.each([
    ['a folder of pictures', 'photos'],
    ['a list', 'photos/list.csv'],
    ['a folder of shards', 'shards'],
    ['shards by a glob', 'shards/shard-*.tar'],
    ['shards by names in braces', 'shards/shard-{000000..000001}.tar'],
  ])('%s: the same pictures and labels', async (_, path) => {
    const [dataset, folder] = [await open(at(path)), await open(at('photos'))];
    expect(dataset.classes).toEqual(['even', 'odd']);
    const order = Array.from(dataset.labels!.keys());
    expect([...dataset.labels!].sort()).toEqual([...folder.labels!].sort());
    const pixels = async (source: Dataset): Promise<string[]> =>
      Promise.all(
        order.map(async i => `${source.labels![i]} ${Buffer.from((await source.image(i)).data).toString('hex')}`),
      );
    expect((await pixels(dataset)).sort()).toEqual((await pixels(folder)).sort());
  });

  test.each(['photos', 'photos/list.csv', 'shards'])('%s: channels and labels as asked for', async path => {
    const dataset = await open(at(path), { channels: 1, labels: 'none' });
    expect(dataset).toMatchObject({ size: 6, channels: 1 });
    expect([dataset.labels, dataset.classes]).toEqual([undefined, undefined]);
    expect((await dataset.image(0)).channels).toBe(1);
  });

  test.each(['tables', 'tables/hub.parquet', 'tables/*.parquet'])('%s: Parquet files', async path => {
    expect(await open(at(path))).toMatchObject({ size: 10, classes: ['ant', 'bee', 'cat'] });
    expect((await open(at(path), { labels: 'none' })).labels).toBeUndefined();
  });

  test('says what it looked for', async () => {
    await expect(openDataset(at('nowhere'))).rejects.toThrow(
      /must be a folder of pictures.*got ".*nowhere", which is not/,
    );
    await expect(openDataset(at('notes.txt'))).rejects.toThrow(/got ".*notes.txt", a file of another kind/);
    await expect(openDataset(at('shards/*.tra'))).rejects.toThrow(/must be a folder of pictures/);
    await expect(openDataset(at('photos'), { chanels: 1 } as never)).rejects.toThrow(/got 'chanels'/);
    await expect(openDataset(at('photos'), { labels: 'some' as never })).rejects.toThrow(/labels must be one of auto/);
    await expect(openDataset(at('shards'), { labels: 'folders' })).rejects.toThrow(/labels 'folders' is for a folder/);
  });
});

describe('openParts', () => {
  test('opens each part of a data set, the one for training first', async () => {
    const parts = await openParts(at('parts'));
    expect(Object.keys(parts)).toEqual(['train', 'val']);
    expect(parts.val).toMatchObject({ size: 6, classes: ['even', 'odd'] });
  });

  test('anything else is one part', async () => {
    expect(Object.keys(await openParts(at('photos')))).toEqual(['photos']);
  });
});
