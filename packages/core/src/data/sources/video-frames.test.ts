import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ConfigError, DataError } from '../../errors.ts';
import type { FrameDataset } from './frame-selection.ts';
import { type VideoFramesOptions, videoFrames } from './video-frames.ts';

/**
 * Stands in for ffmpeg: a "video" is a text file with its number of frames. It counts them, or writes those that the filter selects as flat
 * JPEGs whose grey is ten times the number of the frame, and notes each call.
 */
const PROGRAM = `
const { appendFileSync, copyFileSync, readFileSync } = require('node:fs');
const [folder, ...args] = process.argv.slice(2);
appendFileSync(folder + '/calls.txt', args.join(' ') + '\\n');
const text = readFileSync(args[args.indexOf('-i') + 1], 'utf8');
if (!/^\\d+$/.test(text)) { console.error('[mov] moov atom not found\\nInvalid data found when processing input'); process.exit(183); }
if (args.includes('null')) { console.log('frame=1\\nprogress=continue\\nframe= ' + text + '\\nprogress=end'); process.exit(); }
const filter = args[args.indexOf('-vf') + 1];
const every = /mod\\(n,(\\d+)\\)/.exec(filter)?.[1];
const chosen = every ? (n => n % every === 0) : (n => filter.includes('eq(n,' + n + ')'));
let written = 0;
for (let n = 0; n < Number(text); n++) if (chosen(n)) copyFileSync(folder + '/' + n + '.jpg', args.at(-1).replace('%d', ++written));
`;

let root: string;
let ffmpeg: string[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'video-frames-'));
  await mkdir(join(root, 'program'));
  await writeFile(join(root, 'program', 'ffmpeg.cjs'), PROGRAM);
  for (let n = 0; n < 10; n++) {
    const background = { r: 10 * n, g: 10 * n, b: 10 * n };
    await sharp({ create: { width: 8, height: 6, channels: 3, background } })
      .jpeg({ quality: 100 })
      .toFile(join(root, 'program', `${n}.jpg`));
  }
  ffmpeg = [process.execPath, join(root, 'program', 'ffmpeg.cjs'), join(root, 'program')];
  for (const [path, text] of [
    ['run/a.mp4', '10'],
    ['walk/b.mkv', '4'],
    ['walk/broken.webm', 'x'],
  ] as const) {
    await mkdir(join(root, 'videos', path, '..'), { recursive: true });
    await writeFile(join(root, 'videos', path), text);
  }
});
afterEach(async () => rm(root, { recursive: true }));

const open = async (options: Partial<VideoFramesOptions>): Promise<FrameDataset> =>
  videoFrames(join(root, 'videos'), { ffmpeg, cache: join(root, 'cache'), ...options });
const described = (data: FrameDataset): string[] => Array.from({ length: data.size }, (_, i) => data.describe(i));
const calls = async (): Promise<number> =>
  (await readFile(join(root, 'program', 'calls.txt'), 'utf8')).trim().split('\n').length;

it('takes every n-th frame, with the class of the folder, and names videos that cannot be read', async () => {
  const data = await open({ every: 3 });
  expect(described(data)).toEqual([
    ...[0, 3, 6, 9].map(n => `run/a.mp4 frame ${n}`),
    ...[0, 3].map(n => `walk/b.mkv frame ${n}`),
  ]);
  expect([...data.clips]).toEqual([0, 0, 0, 0, 1, 1]);
  expect([data.classes, [...data.labels!]]).toEqual([
    ['run', 'walk'],
    [0, 0, 0, 0, 1, 1],
  ]);
  expect(data.skipped).toEqual([{ path: 'walk/broken.webm', reason: 'Invalid data found when processing input' }]);
  expect((await data.image(2)).data[0]).toBe(60);
  expect((await data.encoded!(2)).bytes.length).toBeGreaterThan(100);
  await expect(data.image(6)).rejects.toThrow(/from 0 to 5; got 6/);
});

it('takes a number of frames from each video, evenly spread', async () => {
  expect(described(await open({ count: 2 }))).toEqual([
    'run/a.mp4 frame 2',
    'run/a.mp4 frame 7',
    'walk/b.mkv frame 1',
    'walk/b.mkv frame 3',
  ]);
});

it('takes frames out once, and anew when the video or the choice changes', async () => {
  const first = await open({ every: 3, labels: 'none' });
  expect(await calls()).toBe(3);
  const again = await open({ every: 3, labels: 'none' });
  expect(await calls()).toBe(4); // the broken one only
  expect(again.fingerprint).toBe(first.fingerprint);
  await writeFile(join(root, 'videos', 'walk', 'b.mkv'), '8');
  expect((await open({ every: 3, labels: 'none' })).fingerprint).not.toBe(first.fingerprint);
  expect(await calls()).toBe(6);
  await utimes(join(root, 'videos', 'walk', 'b.mkv'), 1, 1);
  await open({ every: 2, labels: 'none' });
  expect((await readdir(join(root, 'cache'))).every(name => /^[0-9a-f]{32}$/.test(name))).toBe(true);
});

it('says how to install ffmpeg, and refuses folders without videos and wrong options', async () => {
  const missing = open({ every: 2, ffmpeg: [join(root, 'no-ffmpeg')] });
  await expect(missing).rejects.toThrow(
    /the program ffmpeg must be installed .*apt install ffmpeg.*brew install ffmpeg/,
  );
  await expect(missing).rejects.toBeInstanceOf(ConfigError);
  await expect(videoFrames(join(root, 'program'), { every: 1, cache: root })).rejects.toThrow(
    /at least one readable video .* got none/,
  );
  await expect(videoFrames(join(root, 'gone'), { every: 1, cache: root })).rejects.toBeInstanceOf(DataError);
  for (const wrong of [{}, { every: 1, count: 1 }, { every: 0 }, { every: 1, channels: 0 }, { every: 1, fps: 2 }]) {
    await expect(open(wrong)).rejects.toBeInstanceOf(ConfigError);
  }
});

const REAL = process.env.SSL_FFMPEG ?? 'ffmpeg';
it.skipIf(spawnSync(REAL, ['-version']).error)('reads a video with the real ffmpeg', async () => {
  const source = ['-f', 'lavfi', '-i', "color=black:size=64x48:rate=10:duration=3,geq=lum='N*8':cb=128:cr=128"];
  spawnSync(REAL, ['-v', 'error', ...source, '-c:v', 'mpeg4', '-q:v', '1', join(root, 'videos', 'real.mp4')]);
  await rm(join(root, 'videos', 'run'), { recursive: true });
  await rm(join(root, 'videos', 'walk'), { recursive: true });
  for (const [choice, numbers] of [
    [{ every: 10 }, [0, 10, 20]],
    [{ count: 3 }, [5, 15, 25]],
  ] as const) {
    const data = await open({ ...choice, ffmpeg: [REAL], channels: 1 });
    expect(described(data)).toEqual(numbers.map(n => `real.mp4 frame ${n}`));
    const values = await Promise.all(numbers.map(async (_, i) => (await data.image(i)).data[0]!));
    // Luma runs from 16 to 235 in the video.
    numbers.forEach((n, i) => {
      expect(Math.abs(values[i]! - Math.max(0, ((8 * n - 16) * 255) / 219))).toBeLessThan(6);
    });
  }
});
