import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, expect, it } from 'vitest';
import { ConfigError, DataError } from '../../errors.ts';
import { decodeImage } from '../decode.ts';
import { loadPixels } from '../load-pixels.ts';
import { animationFrames } from './animation-frames.ts';

const made: string[] = [];
afterEach(async () => {
  for (const dir of made.splice(0)) await rm(dir, { recursive: true });
});

/** Frames of one grey value each. */
async function animation(format: 'gif' | 'webp' | 'tiff', values: readonly number[]): Promise<Buffer> {
  const frames = values.map(value =>
    sharp({ create: { width: 8, height: 6, channels: 3, background: { r: value, g: value, b: value } } })
      .png()
      .toBuffer(),
  );
  const [first, ...others] = await Promise.all(frames);
  const joined = others.length > 0 ? sharp([first!, ...others], { join: { animated: true } }) : sharp(first);
  return format === 'webp' ? joined.webp({ lossless: true }).toBuffer() : joined[format]().toBuffer();
}

async function folder(files: Record<string, Uint8Array | string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'animation-frames-'));
  made.push(dir);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
  }
  return dir;
}

const five = [10, 20, 30, 40, 50];

it('makes every frame of GIF, WebP and TIFF a picture, with the class of its folder', async () => {
  const dir = await folder({
    'a/one.gif': await animation('gif', [10, 100, 200]),
    'a/still.webp': await animation('webp', [77]),
    'b/two.webp': await animation('webp', [20, 120]),
    'b/pages.tif': await animation('tiff', [30, 130]),
    'b/photo.jpg': 'not looked at',
    'b/broken.gif': 'no animation',
  });
  const data = await animationFrames(dir, { channels: 1 });
  const values = await Promise.all(Array.from({ length: data.size }, async (_, i) => (await data.image(i)).data[0]));
  expect(values).toEqual([10, 100, 200, 77, 30, 130, 20, 120]);
  expect([...data.clips]).toEqual([0, 0, 0, 1, 2, 2, 3, 3]);
  expect([data.classes, [...data.labels!]]).toEqual([
    ['a', 'b'],
    [0, 0, 0, 0, 1, 1, 1, 1],
  ]);
  expect(data.describe(5)).toBe('b/pages.tif frame 1');
  expect(data.skipped).toEqual([{ path: 'b/broken.gif', reason: 'not in a format that can be read' }]);
  const { bytes, decode } = await data.encoded!(2);
  expect((await decodeImage(bytes, decode)).data[0]).toBe(200);
  const packed = await loadPixels(data, { size: 4 }); // through a decoding thread
  expect(packed.data[2 * 16]).toBe(200);
});

it('takes every n-th frame, or a number of them evenly spread', async () => {
  const dir = await folder({ 'x.gif': await animation('gif', five), 'y.gif': await animation('gif', [60]) });
  const frames = async (options: object): Promise<string[]> => {
    const data = await animationFrames(dir, options);
    return Array.from({ length: data.size }, (_, i) => data.describe(i));
  };
  expect(await frames({ every: 2 })).toEqual(['x.gif frame 0', 'x.gif frame 2', 'x.gif frame 4', 'y.gif frame 0']);
  expect(await frames({ count: 2 })).toEqual(['x.gif frame 1', 'x.gif frame 3', 'y.gif frame 0']);
  const prints = await Promise.all(
    [{}, { every: 2 }, { channels: 1 }].map(async o => (await animationFrames(dir, o)).fingerprint),
  );
  expect(new Set(prints).size).toBe(3);
});

it('refuses a folder without animations, an index that is not there and wrong options', async () => {
  const dir = await folder({ 'x.gif': await animation('gif', five) });
  await expect((await animationFrames(dir)).image(5)).rejects.toThrow(/from 0 to 4; got 5/);
  await expect(animationFrames(await folder({ 'x.gif': '', 'a.jpg': '' }))).rejects.toThrow(
    /at least one readable animation .* got 1 of 1 pictures skipped: x\.gif \(empty file/,
  );
  await expect(animationFrames(join(dir, 'gone'))).rejects.toThrow(DataError);
  for (const wrong of [{ every: 0 }, { every: 2, count: 2 }, { count: 1.5 }, { labels: 'yes' }, { frames: 2 }]) {
    await expect(animationFrames(dir, wrong as object)).rejects.toThrow(ConfigError);
  }
});
