import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../errors.ts';
import { readFixture } from '../../testing/index.ts';
import type { Dataset } from '../dataset.ts';
import { type ParquetImagesOptions, parquetImages } from './parquet.ts';

interface Fixture {
  readonly colors: readonly (readonly number[])[];
  readonly deflated: Readonly<Record<string, string>>;
}

const { colors, deflated } = readFixture<Fixture>(import.meta.url, 'archives.json');
const datasets: Dataset[] = [];
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parquet-'));
  for (const name of Object.keys(deflated)) await writeFile(join(dir, name), bytesOf(name));
});
afterAll(async () => {
  for (const data of datasets) await data.close?.();
  await rm(dir, { recursive: true, force: true });
});

describe('parquetImages', () => {
  it('reads a file of `datasets`: pictures, labels, names of classes, row groups', async () => {
    const data = await opened('hub.parquet');
    expect(data).toMatchObject({
      size: 10,
      channels: 3,
      classes: ['ant', 'bee', 'cat'],
      shards: [4, 4, 2],
      skipped: [],
    });
    expect([...data.labels!]).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
    expect(await colorsOf(data)).toEqual(colors);
    expect(data.describe!(9)).toBe('hub.parquet, row 9');
    const { bytes, decode } = await data.encoded!(5);
    expect([bytes.byteLength === bytes.buffer.byteLength, decode]).toEqual([true, { channels: 3 }]);
  });

  it.each(['none', 'snappy', 'zstd', 'gzip', 'brotli', 'lz4'])(
    'reads pages of pyarrow, compression %s',
    async codec => {
      const data = await opened(`${codec}.parquet`, { label: 'kind' });
      expect(data.classes).toEqual(['ant', 'bee', 'cat']);
      expect([...data.labels!]).toEqual([0, 1, 2, 0, -1, 2]);
      await expect(data.image(3)).rejects.toThrow(`${codec}.parquet, row 3: the row has no picture`);
      const rows = [0, 1, 2, 4, 5];
      expect(await colorsOf(data, rows)).toEqual(rows.map(row => colors[row]));
    },
  );

  it('reads a row group once for all its pictures, and again when it had to make room', async () => {
    const files = await many();
    const [wide, narrow] = [await opened(files), await opened(files, { cacheBytes: 1 })];
    for (const data of [wide, narrow]) {
      const found = await colorsOf(data, [0, 19, 4, 0, 12, 19]);
      expect(found).toEqual([0, 9, 4, 0, 2, 9].map(i => colors[i]));
    }
    expect([wide.size, wide.fingerprint]).toEqual([20, narrow.fingerprint]);
    // What is kept does not need the file.
    const [keeping, forgetting] = [await opened(files), await opened(files, { cacheBytes: 1 })];
    for (const data of [keeping, forgetting]) for (const row of [0, 4]) await data.encoded!(row);
    await writeFile(join(dir, 'many', '0.parquet'), '');
    await expect(keeping.encoded!(3)).resolves.toBeDefined();
    await expect(keeping.encoded!(8)).rejects.toThrow(/0\.parquet, row 8: the file is cut off/);
    await expect(forgetting.encoded!(3)).rejects.toThrow(DataError);
  });

  it('names damaged files and goes on with the rest', async () => {
    const files = await many();
    const whole = bytesOf('hub.parquet');
    await writeFile(join(dir, 'many', '1.parquet'), whole.subarray(0, 3000));
    const data = await opened(files);
    expect(data.size).toBe(10);
    expect(data.skipped).toHaveLength(1);
    expect(data.skipped![0]!.path).toBe('1.parquet');
    await writeFile(join(dir, 'many', '0.parquet'), 'no parquet');
    await expect(opened(files)).rejects.toThrow(/at least one row; got .*0\.parquet/);
  });

  it('refuses columns that are not there, and files of different classes', async () => {
    await expect(opened('hub.parquet', { image: 'picture' })).rejects.toThrow(/got image, label in hub\.parquet/);
    await expect(opened('hub.parquet', { label: 'kind' })).rejects.toThrow(/label must be a column.*'kind'/);
    await expect(opened('none.parquet', { image: 'kind' })).rejects.toThrow(/binary/);
    await expect(opened('hub.parquet', { labels: false } as ParquetImagesOptions)).rejects.toThrow(/labels/);
    expect((await opened('hub.parquet', { label: false })).labels).toBeUndefined();
    const other = parquetWriteBuffer({
      columnData: [
        { name: 'image', data: [Uint8Array.of(1), Uint8Array.of(2)], type: 'BYTE_ARRAY' },
        { name: 'label', data: [0, 3], type: 'INT32' },
      ],
    });
    await writeFile(join(dir, 'other.parquet'), Buffer.from(other));
    await expect(opened('{hub,other}.parquet')).rejects.toThrow(/same classes; got others in other\.parquet/);
    const joined = await opened('{hub,other}.parquet', { classes: ['ant', 'bee', 'cat', 'dog'] });
    expect([...joined.labels!.subarray(8)]).toEqual([2, 0, 0, 3]);
  });
});

/** Two files of ten rows in a folder. */
async function many(): Promise<string> {
  await mkdir(join(dir, 'many'), { recursive: true });
  for (const name of ['0.parquet', '1.parquet']) await writeFile(join(dir, 'many', name), bytesOf('hub.parquet'));
  return 'many';
}

async function opened(name: string, options: ParquetImagesOptions = {}): Promise<Dataset> {
  const data = await parquetImages(join(dir, name), { indexFolder: join(dir, 'index'), ...options });
  datasets.push(data);
  return data;
}

function bytesOf(name: string): Buffer {
  return inflateSync(Buffer.from(deflated[name]!, 'base64'));
}

async function colorsOf(data: Dataset, rows: Iterable<number> = Array(data.size).keys()): Promise<number[][]> {
  const images = await Promise.all(Array.from(rows, row => data.image(row)));
  return images.map(image => [...image.data.subarray(0, 3)]);
}
