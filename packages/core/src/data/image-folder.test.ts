import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../errors.ts';
import { type ImageFolder, imageFolder, imageFolders } from './image-folder.ts';
import { loadPixels } from './load-pixels.ts';
import { HEADER_SCAN_LIMIT } from './look-at-files.ts';

const made: string[] = [];
afterEach(async () => {
  for (const dir of made.splice(0)) await rm(dir, { recursive: true, force: true });
});

async function folder(files: Record<string, Uint8Array | string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'image-folder-'));
  made.push(dir);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
  }
  return dir;
}

const pathsOf = (data: ImageFolder): string[] => Array.from({ length: data.size }, (_, i) => data.path(i));

const picture = (value: number, side = 8): Sharp =>
  sharp({ create: { width: side, height: side, channels: 3, background: { r: value, g: value, b: value } } });
const png = async (value: number): Promise<Buffer> => picture(value).png().toBuffer();
const noisyJpeg = async (): Promise<Buffer> => {
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i) % 251);
  return sharp(data, { raw: { width: 64, height: 64, channels: 3 } })
    .jpeg()
    .toBuffer();
};

describe('imageFolder', () => {
  it('lists pictures by path and takes classes from the first sub-folder', async () => {
    const dir = await folder({
      'dog/2.PNG': await png(3),
      'dog/deep/1.jpeg': await picture(4).jpeg().toBuffer(),
      'cat/b.webp': await picture(2).webp().toBuffer(),
      'cat/a.tif': await picture(1).tiff().toBuffer(),
      'cat/notes.txt': 'no picture',
      'cat/.hidden.png': await png(9),
      '.cache/x.png': await png(9),
    });
    const data = await imageFolder(dir);
    expect(pathsOf(data)).toEqual(['cat/a.tif', 'cat/b.webp', 'dog/2.PNG', 'dog/deep/1.jpeg']);
    expect(data.classes).toEqual(['cat', 'dog']);
    expect([...data.labels!]).toEqual([0, 0, 1, 1]);
    expect(data.skipped).toEqual([]);
    expect((await data.image(2)).data[0]).toBe(3);
    expect(data.describe?.(2)).toBe('dog/2.PNG');
  });

  it('has no labels when a picture lies outside the sub-folders, when there is one only, or on request', async () => {
    const loose = await folder({ 'a.png': await png(1), 'x/b.png': await png(2), 'y/b.png': await png(2) });
    expect((await imageFolder(loose)).labels).toBeUndefined();
    await expect(imageFolder(loose, { labels: 'folders' })).rejects.toThrow(/must lie in a sub-folder .* got a\.png/);
    const one = await folder({ 'x/b.png': await png(2) });
    expect((await imageFolder(one)).classes).toBeUndefined();
    expect((await imageFolder(one, { labels: 'folders' })).classes).toEqual(['x']);
    const two = await folder({ 'x/a.png': await png(1), 'y/a.png': await png(1) });
    expect((await imageFolder(two, { labels: 'none' })).labels).toBeUndefined();
  });

  it('skips, counts and names what is broken among good files, and keeps unusual ones', async () => {
    const jpeg = await noisyJpeg();
    const words = new Uint16Array(8 * 8 * 3).fill(32768);
    const dir = await folder({
      'good.jpg': jpeg,
      '16-bit.png': await sharp(words, { raw: { width: 8, height: 8, channels: 3 } })
        .toColourspace('rgb16')
        .png()
        .toBuffer(),
      'cmyk.jpg': await picture(200).toColourspace('cmyk').jpeg().toBuffer(),
      'moving.gif': await sharp([await png(1), await png(250)], { join: { animated: true } })
        .gif()
        .toBuffer(),
      'empty.png': '',
      'half.jpg': jpeg.subarray(0, jpeg.length / 2),
      'half.gif': (await picture(5, 64).gif().toBuffer()).subarray(0, 60),
      'text.jpg': 'this is not a picture',
      'old.bmp': 'BM',
    });
    await symlink(join(dir, 'gone.png'), join(dir, 'dangling.png'));
    const data = await imageFolder(dir);
    const reasons = Object.fromEntries(data.skipped!.map(({ path, reason }) => [path, reason]));
    expect(reasons).toEqual({
      'dangling.png': 'no such file',
      'empty.png': 'empty file (0 bytes)',
      'half.gif': 'damaged or truncated',
      'old.bmp': 'BMP cannot be read: convert it to PNG',
      'text.jpg': 'not in a format that can be read',
    });
    // The header of a truncated JPEG is sound: the decoder finds it.
    const packed = await loadPixels(data, { size: 8 });
    expect(packed.count).toBe(4);
    expect(Array.from(packed.indices, i => data.path(i))).toEqual(['16-bit.png', 'cmyk.jpg', 'good.jpg', 'moving.gif']);
    expect(packed.data[0]).toBe(128);
    expect(packed.data[3 * 8 * 8 * 3]).toBe(1);
    expect(packed.skipped).toHaveLength(6);
    expect(packed.skipped.at(-1)).toEqual({ path: 'half.jpg', reason: 'damaged or truncated' });
    const checked = await imageFolder(dir, { verify: 'pixels' });
    expect([checked.size, checked.skipped!.length]).toEqual([4, 6]);
  });

  it('reads a header larger than the first block', async () => {
    const exif = { IFD0: { ImageDescription: 'x'.repeat(60_000), Copyright: 'y'.repeat(5_000) } };
    const dir = await folder({
      'long.jpg': await picture(7).withExif(exif).jpeg().toBuffer(),
      'big.gif': await bigGif(),
    });
    expect(pathsOf(await imageFolder(dir))).toEqual(['big.gif', 'long.jpg']);
  });

  it('decodes grey on request', async () => {
    const data = await imageFolder(await folder({ 'a.png': await png(77) }), { channels: 1 });
    expect(data.channels).toBe(1);
    expect([...(await data.image(0)).data]).toEqual(new Array(64).fill(77));
  });

  it('follows links to folders once, even in a circle', async () => {
    const dir = await folder({ 'x/a.png': await png(1) });
    const elsewhere = await folder({ 'b.png': await png(2) });
    await symlink(elsewhere, join(dir, 'y'));
    await symlink(dir, join(dir, 'x', 'loop'));
    expect(pathsOf(await imageFolder(dir))).toEqual(['x/a.png', 'y/b.png']);
  });

  it('refuses parts of a data set as classes, and says how to open them', async () => {
    const dir = await folder({ 'Train/x/a.png': await png(1), 'val/x/b.png': await png(2) });
    await expect(imageFolder(dir)).rejects.toThrow(
      new RegExp(
        `must be classes; got Train, val, parts of a data set; open one .*imageFolders\\('${dir}', \\['Train', 'val'\\]\\)`,
      ),
    );
    expect((await imageFolder(dir, { labels: 'folders' })).classes).toEqual(['Train', 'val']);
    expect((await imageFolder(dir, { labels: 'none' })).size).toBe(2);
    const more = await folder({ 'train/a.png': await png(1), 'car/b.png': await png(2) });
    expect((await imageFolder(more)).classes).toEqual(['car', 'train']);
  });

  it('opens parts with the classes of the first, and names those that are absent', async () => {
    const dir = await folder({
      'train/cat/a.png': await png(1),
      'train/dog/a.png': await png(2),
      'train/eel/a.png': await png(3),
      'val/dog/b.png': await png(4),
      'val/eel/b.png': await png(5),
      'odd/cats/b.png': await png(6),
    });
    const [train, val] = await imageFolders(dir, ['train', 'val']);
    expect([train.classes, val.classes]).toEqual([train.classes, ['cat', 'dog', 'eel']]);
    expect([...val.labels!]).toEqual([1, 2]);
    expect([train.absentClasses, val.absentClasses]).toEqual([undefined, ['cat']]);
    await expect(imageFolders(dir, ['train', 'odd'])).rejects.toThrow(
      /every sub-folder of .*odd" must be one of the 3 classes given; got cats; .*\(cat, dog, eel\)/,
    );
    const bare = await imageFolders(dir, ['val', 'train'], { labels: 'none' });
    expect(bare.map(({ labels }) => labels)).toEqual([undefined, undefined]);
    await expect(imageFolders(dir, [])).rejects.toThrow(/parts must name sub-folders/);
    await expect(imageFolder(join(dir, 'val'), { classes: ['a', 'a'] })).rejects.toThrow(ConfigError);
  });

  it('has the same order as sorted paths, with folders and files whose names begin alike', async () => {
    const names = ['a.png', 'a/b.png', 'a/b/c.png', 'a/b-c.png', 'a-b.png', 'a0/d.png', 'a/é.png', 'B/x.png'];
    const data = await imageFolder(
      await folder(Object.fromEntries(await Promise.all(names.map(async n => [n, await png(1)])))),
    );
    expect(pathsOf(data)).toEqual([...names].sort());
  });

  it('has a fingerprint that changes with names, sizes and options', async () => {
    const files = { 'x/a.png': await png(1), 'y/b.png': await png(2) };
    const dirs = [await folder(files), await folder(files), await folder({ ...files, 'y/c.png': await png(2) })];
    const [one, same, more] = await Promise.all(dirs.map(async dir => (await imageFolder(dir)).fingerprint));
    expect(same).toBe(one);
    expect(more).not.toBe(one);
    expect((await imageFolder(dirs[0]!, { channels: 1 })).fingerprint).not.toBe(one);
    expect((await imageFolder(dirs[0]!, { verify: 'none' })).fingerprint).toBe(one);
    await writeFile(join(dirs[1]!, 'x/a.png'), await picture(1, 64).png().toBuffer());
    expect((await imageFolder(dirs[1]!)).fingerprint).not.toBe(one);
  });

  it('refuses what holds no pictures', async () => {
    const missing = join(tmpdir(), 'no-such-folder-of-images');
    await expect(imageFolder(missing)).rejects.toThrow(/the folder must exist and be readable; got .*no such file/);
    await expect(imageFolder(await folder({ 'readme.txt': 'x' }))).rejects.toThrow(
      /at least one readable picture .* got none/,
    );
    const broken = await folder({ 'a.jpg': 'x', 'b.png': '', 'c.bmp': 'BM' });
    await expect(imageFolder(broken)).rejects.toThrow(/got 3 of 3 pictures skipped: a\.jpg \(not in a format/);
    await expect(imageFolder(broken)).rejects.toBeInstanceOf(DataError);
    const file = join(await folder({ 'a.png': await png(1) }), 'a.png');
    await expect(imageFolder(file)).rejects.toThrow(/which is a file/);
  });

  it('looks at a few files of a large folder, and refuses it when none of them is a picture', async () => {
    const count = HEADER_SCAN_LIMIT + 1;
    const good = await png(1);
    const dir = await folder({ [`a/${count}.png`]: good });
    for (let i = 0; i < count; i += 1000) {
      const names = Array.from({ length: Math.min(1000, count - i) }, (_, k) => join(dir, 'a', `${i + k}.png`));
      await Promise.all(names.map(name => writeFile(name, 'x')));
    }
    const start = performance.now();
    await expect(imageFolder(dir)).rejects.toThrow(
      /got 64 of 64 pictures skipped: a\/0\.png \(not in a format.* and 61 more/,
    );
    expect(performance.now() - start).toBeLessThan(2000);
    // The first of the sample is sound: the rest is left to the reading.
    await writeFile(join(dir, 'a', '0.png'), good);
    expect((await imageFolder(dir)).size).toBe(count + 1);
  });

  it('says which file broke after opening', async () => {
    const dir = await folder({ 'a.png': await png(1), 'b.png': await png(2) });
    const data = await imageFolder(dir);
    await rm(join(dir, 'b.png'));
    await expect(data.image(1)).rejects.toThrow('imageFolder: every picture must be readable; got b.png: no such file');
    expect((await loadPixels(data, { size: 8 })).skipped).toEqual([{ path: 'b.png', reason: 'no such file' }]);
  });

  it('does not wait for a pipe', async () => {
    const dir = await folder({ 'a.png': await png(1) });
    execFileSync('mkfifo', [join(dir, 'b.png')]);
    expect((await imageFolder(dir)).skipped).toEqual([{ path: 'b.png', reason: 'no regular file' }]);
  });

  it('refuses unknown options', async () => {
    const dir = await folder({ 'a.png': await png(1) });
    await expect(imageFolder(dir, { channels: 0 })).rejects.toThrow(ConfigError);
    await expect(imageFolder(dir, { labels: 'yes' as 'auto' })).rejects.toThrow(/one of auto, folders, none; got yes/);
  });
});

/** More than the 64 KiB that are read first, in a format whose header needs the whole file. */
async function bigGif(): Promise<Buffer> {
  const side = 700;
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * i * 7919) % 251);
  const encoded = await sharp(data, { raw: { width: side, height: side, channels: 3 } })
    .gif()
    .toBuffer();
  expect(encoded.length).toBeGreaterThan(65_536);
  return encoded;
}
