import { copyFile, mkdir, mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../../errors.ts';
import { readFixture } from '../../testing/index.ts';
import type { Dataset } from '../dataset.ts';
import { tarEnd, tarMember } from './tar-header.ts';
import { RUN_LENGTH, type WebDatasetOptions, webDataset } from './webdataset.ts';

interface Fixture {
  readonly colors: readonly (readonly number[])[];
  readonly deflated: Readonly<Record<string, string>>;
}

const { colors, deflated } = readFixture<Fixture>(import.meta.url, 'archives.json');
const LONG = 'a-folder-with-a-long-name/'.repeat(5);
const datasets: Dataset[] = [];
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'webdataset-'));
  for (const name of ['ustar.tar', 'gnu.tar', 'pax.tar', 'shard.tar']) await writeFile(join(dir, name), bytesOf(name));
});
afterAll(async () => {
  for (const data of datasets) await data.close?.();
  await rm(dir, { recursive: true, force: true });
});

describe('webDataset', () => {
  it.each(['ustar', 'gnu', 'pax'])(
    "reads names, labels and pictures of Python's tarfile in its %s format",
    async format => {
      const data = await opened(`${format}.tar`);
      const names = ['train/000.png', 'train/001.png', 'train/002.png', `${LONG}003.png`, 'train.v1/bär.png'];
      expect(described(data)).toEqual(names.map(name => `${format}.tar/${name}`));
      expect([...data.labels!]).toEqual([0, 1, 2, 0, 1]); // four from .cls, the last from .json
      expect(data.classes).toEqual(['0', '1', '2']);
      expect(await colorsOf(data)).toEqual(colors.slice(0, 5));
      expect(data.skipped).toEqual([
        { path: `${format}.tar/train/lonely`, reason: 'no picture among its members (cls)' },
      ]);
    },
  );

  it("reads a shard of webdataset's own writer, and gives what `image` decodes undecoded", async () => {
    const data = await opened('shard.tar', { classes: ['ant', 'bee', 'cat'] });
    expect(data).toMatchObject({ size: 5, channels: 3, classes: ['ant', 'bee', 'cat'], skipped: [], shards: [5] });
    expect([...data.labels!]).toEqual([0, 1, 2, 0, 1]);
    const { bytes, decode } = await data.encoded!(4);
    expect(decode).toEqual({ channels: 3 });
    expect(Buffer.from(bytes.subarray(1, 4)).toString()).toBe('PNG');
    expect(bytes.byteLength).toBe(bytes.buffer.byteLength); // may be sent to another thread
  });

  it('joins shards given by braces, a glob or a folder, and gives long ones as several runs', async () => {
    const folder = join(dir, 'many');
    await mkdir(folder);
    const count = 2 * RUN_LENGTH + 1;
    const members = Array.from({ length: count }, (_, i) => tarMember(`${i}.jpg`, Buffer.from('x')));
    await writeFile(join(folder, 'part-01.tar'), archive(members));
    for (const part of ['00', '02']) await copyFile(join(dir, 'shard.tar'), join(folder, `part-${part}.tar`));
    const braces = await opened('many/part-{00..02}.tar');
    expect(braces.size).toBe(count + 10);
    expect(braces.shards).toEqual([5, 667, 667, 667, 5]);
    expect(braces.describe!(count + 5)).toBe('part-02.tar/000000.png');
    expect([...braces.labels!.subarray(0, 6)]).toEqual([0, 1, 2, 0, 1, -1]);
    for (const source of ['many/*.tar', 'many']) expect((await opened(source)).fingerprint).toBe(braces.fingerprint);
    const turned = await webDataset([join(folder, 'part-02.tar'), join(folder, 'part-01.tar')], place());
    expect(turned.shards![0]).toBe(5);
  });

  it('takes the members that are named, and texts as names of classes', async () => {
    const members = ['a', 'b'].flatMap(key => [
      tarMember(`${key}.depth.png`, Buffer.from(`depth of ${key}`)),
      tarMember(`${key}.rgb.PNG`, Buffer.from(`colors of ${key}`)),
      tarMember(`${key}.kind.txt`, Buffer.from(key === 'a' ? 'zebra\n' : 'ant')),
      tarMember(`${key}.json`, Buffer.from(JSON.stringify({ species: 7 }))),
    ]);
    await writeFile(join(dir, 'named.tar'), archive(members));
    const text = async (data: Dataset): Promise<string> => Buffer.from((await data.encoded!(0)).bytes).toString();
    expect(await text(await opened('named.tar'))).toBe('depth of a');
    const named = await opened('named.tar', { image: ['rgb.png', 'depth.png'], label: 'kind.txt' });
    expect(await text(named)).toBe('colors of a');
    expect([named.classes, [...named.labels!]]).toEqual([
      ['ant', 'zebra'],
      [1, 0],
    ]);
    const json = await opened('named.tar', { labelKey: 'species' });
    expect([...json.labels!]).toEqual([7, 7]);
    expect((await opened('named.tar', { label: false })).labels).toBeUndefined();
    await expect(opened('named.tar', { labelKey: 'species', classes: ['ant'] })).rejects.toThrow(
      /one of the 1 classes.*'7'/,
    );
  });

  it('keeps what a cut or damaged shard still has, and names the rest', async () => {
    await writeFile(join(dir, 'cut.tar'), bytesOf('shard.tar'));
    await truncate(join(dir, 'cut.tar'), 5 * 1024 + 520); // inside the third picture
    const cut = await opened('cut.tar');
    expect(cut.size).toBe(2);
    expect(cut.skipped).toEqual([{ path: 'cut.tar/000002.png', reason: 'the archive ends inside it' }]);
    const broken = bytesOf('shard.tar');
    broken[4 * 1024 + 10] = 0xff; // in the header of a label
    await writeFile(join(dir, 'broken.tar'), broken);
    const { size, skipped } = await opened('broken.tar');
    expect(size).toBe(2);
    const reason = 'no tar header where one must be; what follows is left out';
    expect(skipped).toEqual([{ path: 'broken.tar', reason }]);
  });

  it('looks again when a shard has changed, else not', async () => {
    const path = join(dir, 'changing.tar');
    await copyFile(join(dir, 'shard.tar'), path);
    const folder = join(dir, 'kept');
    const first = await webDataset(path, { indexFolder: folder });
    expect(await readdir(folder)).toHaveLength(1);
    await webDataset(path, { indexFolder: folder });
    expect(await readdir(folder)).toHaveLength(1);
    await writeFile(path, archive([tarMember('new.png', Buffer.from('x'))]));
    await utimes(path, 1, 1);
    const second = await webDataset(path, { indexFolder: folder });
    expect([first.size, second.size, (await readdir(folder)).length]).toEqual([5, 1, 2]);
    // A kept index that is damaged is made anew.
    for (const name of await readdir(folder)) await writeFile(join(folder, name), 'damaged');
    expect((await webDataset(path, { indexFolder: folder })).fingerprint).toBe(second.fingerprint);
  });

  it('refuses what it cannot read, and says what to do', async () => {
    await writeFile(join(dir, 'packed.tar'), gzipSync(bytesOf('shard.tar')));
    await expect(opened('packed.tar')).rejects.toThrow(/plain \.tar.*compressed with gzip; unpack/);
    await expect(opened('shard-{0..2}.tar')).rejects.toThrow(
      /every file must be there; got .*shard-0\.tar: no such file/,
    );
    await expect(opened('*.tgz')).rejects.toThrow(/at least one \.tar file; got none/);
    await expect(webDataset('https://example.org/a.tar')).rejects.toThrow(ConfigError);
    await writeFile(join(dir, 'texts.tar'), archive([tarMember('a.txt', Buffer.from('x'))]));
    await expect(opened('texts.tar')).rejects.toThrow(/at least one picture; got .*texts\.tar\/a \(no picture among/);
    await expect(webDataset(dir, { classes: [], images: 'jpg' } as WebDatasetOptions)).rejects.toThrow(/images/);
    const data = await opened('shard.tar');
    await expect(data.encoded!(5)).rejects.toThrow(DataError);
  });
});

const place = (): WebDatasetOptions => ({ indexFolder: join(dir, 'index') });

async function opened(name: string, options: WebDatasetOptions = {}): Promise<Dataset> {
  const data = await webDataset(join(dir, name), { ...place(), ...options });
  datasets.push(data);
  return data;
}

function bytesOf(name: string): Buffer {
  return inflateSync(Buffer.from(deflated[name]!, 'base64'));
}

function archive(members: readonly Buffer[]): Buffer {
  const all = Buffer.concat(members);
  return Buffer.concat([all, tarEnd(all.length)]);
}

function described(data: Dataset): string[] {
  return Array.from({ length: data.size }, (_, i) => data.describe!(i));
}

async function colorsOf(data: Dataset): Promise<number[][]> {
  const images = await Promise.all(Array.from({ length: data.size }, (_, i) => data.image(i)));
  return images.map(image => [...image.data.subarray(0, 3)]);
}
