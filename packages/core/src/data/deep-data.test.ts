import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { extractFeatures } from '../eval/index.ts';
import { readFixture } from '../testing/index.ts';
import { arrayDataset, subset } from './dataset.ts';
import { decodeImage } from './decode.ts';
import { type ImageFolderOptions, imageFolder } from './image-folder.ts';
import { loadPixels } from './load-pixels.ts';

const { cases } = readFixture<{ cases: { name: string; file: string }[] }>(import.meta.url, 'decode.json');
const fileOf = (name: string): Uint8Array => Buffer.from(cases.find(one => one.name === name)!.file, 'base64');
const FLOATS: ImageFolderOptions = { channels: 13, depth: 'float32', range: [100, 900], labels: 'none' };

let dir: string | undefined;
afterEach(async () => {
  if (dir) await rm(dir, { recursive: true });
  dir = undefined;
});

/** A `.npy` and a TIFF of the same numbers, and one of other channels. */
async function folder(): Promise<string> {
  dir = await mkdtemp(join(tmpdir(), 'ssl-deep-'));
  await writeFile(join(dir, 'a.npy'), fileOf('npy, 13 of <f4'));
  await writeFile(join(dir, 'b.tif'), fileOf('tiff, 13 bands of float32, separate'));
  await writeFile(join(dir, 'c.tif'), fileOf('tiff, 5 bands of uint8, contig'));
  return dir;
}

describe('pictures of many channels and floats', () => {
  it('come out of a folder alike, decoded there or elsewhere, and of a part of it', async () => {
    const opened = await imageFolder(await folder(), FLOATS);
    expect(opened).toMatchObject({ size: 3, channels: 13, depth: 'float32', skipped: [] });
    const [array, tiff] = [await opened.image(0), await opened.image(1)];
    expect(array.data).toBeInstanceOf(Float32Array);
    expect(array).toEqual(tiff);
    const { bytes, decode } = await opened.encoded!(1);
    expect(await decodeImage(bytes, structuredClone(decode))).toEqual(tiff);
    await expect(opened.encoded!(3)).rejects.toThrow('an index must be');
    const part = subset(opened, [1]);
    expect(part.depth).toBe('float32');
    expect(await part.encoded!(0)).toEqual({ bytes, decode });
  });

  it('are loaded as floats, those with other channels named', async () => {
    const pixels = await loadPixels(await imageFolder(await folder(), FLOATS), { size: 2 });
    expect(pixels).toMatchObject({ count: 2, channels: 13, skipped: [{ path: 'c.tif' }] });
    expect(pixels.skipped[0]!.reason).toContain('holds 5 channels where 13 were asked for');
    expect(pixels.data).toBeInstanceOf(Float32Array);
    expect(pixels.data).toHaveLength(2 * 2 * 2 * 13);
    expect(pixels.data.subarray(0, 52)).toEqual(pixels.data.subarray(52));
  });

  it('are other data when they are decoded in another way', async () => {
    const path = await folder();
    const ways: ImageFolderOptions[] = [FLOATS, { ...FLOATS, range: [0, 900] }, { ...FLOATS, depth: 'uint8' }];
    const prints = await Promise.all(ways.map(async options => (await imageFolder(path, options)).fingerprint));
    expect(new Set(prints).size).toBe(ways.length);
  });

  it('give the features that bytes of the same values give', async () => {
    const bytes = Uint8Array.from({ length: 3 * 4 * 4 * 2 }, (_, i) => (i * 37) % 256);
    const shape = { name: 'numbers', width: 4, height: 4, channels: 2 };
    const embed = (images: Parameters<Parameters<typeof extractFeatures>[0]['embed']>[0]) => images.mean([1, 2]);
    const features = await Promise.all(
      [bytes, Float32Array.from(bytes)].map(async data => {
        const images = await loadPixels(arrayDataset({ ...shape, data }), { size: 4 });
        expect(images.data).toBeInstanceOf(data.constructor);
        return (await extractFeatures({ images, embed, batchSize: 2 })).features;
      }),
    );
    expect(features[0]).toEqual(features[1]);
    expect(features[0]!.some(value => value > 0)).toBe(true);
  });
});
