import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../errors.ts';
import { arrayDataset, type Dataset } from '../dataset.ts';
import { encodePng } from '../decode.ts';
import { writeShards } from './tar-write.ts';
import { webDataset } from './webdataset.ts';

const SIZE = 10;
let dir: string;
let pictures: Uint8Array[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'write-shards-'));
  pictures = await Promise.all(
    Array.from({ length: SIZE }, (_, i) =>
      encodePng({ data: new Uint8Array(4).fill(20 * i), width: 2, height: 2, channels: 1 }),
    ),
  );
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('writeShards', () => {
  it('copies every picture with its label and the names of the classes, in an order of its own', async () => {
    const { files, written, skipped } = await writeShards(source(), join(dir, 'a'), { samplesPerShard: 4 });
    expect(files.map(file => file.slice(-16))).toEqual(['shard-000000.tar', 'shard-000001.tar', 'shard-000002.tar']);
    expect([written, skipped]).toEqual([3, []]);
    const data = await webDataset(join(dir, 'a'), { channels: 1, indexFolder: join(dir, 'index') });
    expect(data).toMatchObject({ size: SIZE, classes: ['even', 'odd'], shards: [4, 4, 2] });
    const numbers = Array.from({ length: SIZE }, (_, i) => Number(/(\d{9})\.png$/.exec(data.describe!(i))![1]));
    expect(numbers).not.toEqual([...numbers].sort((a, b) => a - b));
    expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from(pictures.keys()));
    for (const [i, number] of numbers.entries()) {
      expect(data.labels![i]).toBe(number % 2);
      expect(Buffer.compare((await data.encoded!(i)).bytes, pictures[number]!)).toBe(0);
    }
    await data.close?.();
  });

  it('writes archives that tar reads, the same bytes each time', async () => {
    await writeShards(source(), join(dir, 'b'), { samplesPerShard: 4 });
    for (const name of ['shard-000000.tar', 'shard-000002.tar']) {
      expect(await readFile(join(dir, 'b', name))).toEqual(await readFile(join(dir, 'a', name)));
    }
    await writeShards(source(), join(dir, 'ordered'), { samplesPerShard: 4, seed: false });
    const { stdout, stderr } = await promisify(execFile)('tar', ['tf', join(dir, 'ordered', 'shard-000002.tar')]);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(['000000008.cls', '000000008.png', '000000009.cls', '000000009.png']);
  });

  it('goes on after the last whole shard, and refuses a folder of other data', async () => {
    const folder = join(dir, 'c');
    let reads = 0;
    const failing: Dataset = {
      ...source(),
      encoded: async index => {
        if (++reads > 6) throw new Error('the disk is gone');
        return { bytes: pictures[index]!, decode: { channels: 1 } };
      },
    };
    await expect(writeShards(failing, folder, { samplesPerShard: 4 })).rejects.toThrow('the disk is gone');
    expect((await readdir(folder)).sort()).toEqual(['shard-000000.tar', 'shards.json']);
    const steps: number[] = [];
    const onProgress = (done: number): unknown => steps.push(done);
    expect((await writeShards(source(), folder, { samplesPerShard: 4, onProgress })).written).toBe(2);
    expect([steps[0], steps.at(-1)]).toEqual([4, SIZE]);
    for (const name of (await readdir(folder)).filter(file => file.endsWith('.tar'))) {
      expect(await readFile(join(folder, name))).toEqual(await readFile(join(dir, 'a', name)));
    }
    await expect(writeShards(source(), folder, { samplesPerShard: 5 })).rejects.toThrow(/same data and options/);
  });

  it('names pictures that cannot be read, and refuses data without undecoded pictures', async () => {
    const broken: Dataset = {
      ...source(),
      fingerprint: 'broken',
      encoded: async index => {
        if (index === 3) throw new DataError('unreadable', { cause: new Error('no such file') });
        return { bytes: index === 5 ? Buffer.from('text') : pictures[index]!, decode: { channels: 1 } };
      },
    };
    const { skipped } = await writeShards(broken, join(dir, 'd'));
    expect([...skipped].sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: 'picture 3', reason: 'no such file' },
      { path: 'picture 5', reason: 'not in a format that can be read' },
    ]);
    const pixels = arrayDataset({ name: 'pixels', data: new Uint8Array(4), width: 2, height: 2, channels: 1 });
    await expect(writeShards(pixels, join(dir, 'e'))).rejects.toThrow(/undecoded; got pixels/);
  });
});

function source(): Dataset {
  return {
    name: 'source',
    size: SIZE,
    channels: 1,
    fingerprint: 'source',
    classes: ['even', 'odd'],
    labels: Int32Array.from(pictures, (_, i) => i % 2),
    image: async () => {
      throw new Error('no picture is decoded');
    },
    encoded: async index => ({ bytes: pictures[index]!, decode: { channels: 1 } }),
  };
}
