import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arrayDataset } from '../dataset.ts';
import { hostRng } from '../host-rng.ts';
import { imageFolder } from '../image-folder.ts';
import { openParts } from '../open.ts';
import { syntheticDataset } from '../sources/synthetic.ts';
import { describeInspection } from './describe.ts';
import { inspectData } from './inspect-data.ts';
import type { CopyGroup, InspectionReport } from './report.ts';
import { inspectionSheets } from './sheets.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-inspect-'));
afterAll(() => rmSync(root, { recursive: true }));

const scenes = new Map<string, Buffer>();

/** A picture like no other. */
function scene(seed: number, width = 160, height = 120): Sharp {
  const key = `${seed} ${width} ${height}`;
  const data = scenes.get(key) ?? drawScene(seed, width, height);
  scenes.set(key, data);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Soft patches of color on a slope, with some noise. */
function drawScene(seed: number, width: number, height: number): Buffer {
  const rng = hostRng(seed, 0);
  const patches = Array.from({ length: 12 }, () => ({
    x: rng.uniform(0, width),
    y: rng.uniform(0, height),
    radius: rng.uniform(0.08, 0.3) * width,
    color: [rng.uniform(-160, 160), rng.uniform(-160, 160), rng.uniform(-160, 160)],
  }));
  const data = new Uint8ClampedArray(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let value = 90 + (60 * x) / width + rng.uniform(0, 8);
        for (const { x: px, y: py, radius, color } of patches)
          value += color[c]! * Math.exp(-((x - px) ** 2 + (y - py) ** 2) / radius ** 2);
        data[(y * width + x) * 3 + c] = value;
      }
    }
  }
  return Buffer.from(data);
}

async function write(path: string, picture: Sharp | Promise<Uint8Array> | Uint8Array): Promise<void> {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'toBuffer' in picture ? await picture.toBuffer() : await picture);
}

/** The names in each group, with how each came in. */
const groups = ({ copies }: InspectionReport): string[] =>
  copies.map(({ pictures }: CopyGroup) =>
    pictures.map(({ name, copy }) => (copy ? `${copy} ${name}` : name)).join(', '),
  );

const EDITS: Record<string, (picture: Sharp) => Sharp> = {
  'compressed hard': picture => picture.jpeg({ quality: 30 }),
  smaller: picture => picture.resize(64).png(),
  larger: picture => picture.resize(400).jpeg({ quality: 80 }),
  stretched: picture => picture.resize(128, 128, { fit: 'fill' }).png(),
  brighter: picture => picture.linear(1, 15).jpeg(),
  'more contrast': picture => picture.linear(1.2, -25).jpeg(),
};

const NO_COPIES: Record<string, (picture: Sharp) => Sharp> = {
  flipped: picture => picture.flop().png(),
  'upside down': picture => picture.flip().png(),
  turned: picture => picture.rotate(90).png(),
  'cropped to a half': picture => picture.extract({ left: 20, top: 15, width: 113, height: 85 }).png(),
  negative: picture => picture.negate().png(),
  'other colors': picture =>
    picture
      .recomb([
        [0, 0, 1],
        [1, 0, 0],
        [0, 1, 0],
      ])
      .png(),
};

describe('near copies', () => {
  const PICTURES = 20;
  const inspected = async (name: string, edit: (picture: Sharp) => Sharp): Promise<InspectionReport> => {
    for (let i = 0; i < PICTURES; i++) {
      await write(`${name}/a${String(i).padStart(2, '0')}.png`, scene(i).png());
      await write(`${name}/b${String(i).padStart(2, '0')}`.concat('.png'), edit(scene(i)));
    }
    return inspectData(await imageFolder(join(root, name)));
  };

  test.each(Object.entries(EDITS))('%s: found, and no others', async (name, edit) => {
    const found = groups(await inspected(name, edit));
    const right = Array.from({ length: PICTURES }, (_, i) => String(i).padStart(2, '0')).map(
      i => `a${i}.png, near b${i}.png`,
    );
    expect(right).toEqual(expect.arrayContaining(found)); // none but these
    expect(found.length).toBeGreaterThanOrEqual(0.9 * PICTURES);
  });

  test.each(Object.entries(NO_COPIES))('%s: another picture', async (name, edit) => {
    expect(groups(await inspected(name, edit))).toEqual([]);
  });

  test('pictures of computed shapes are not taken for copies', async () => {
    expect(groups(await inspectData(syntheticDataset({ size: 400 })))).toEqual([]);
  });
});

describe('a folder with everything that can be wrong', () => {
  let report: InspectionReport;
  let parts: Awaited<ReturnType<typeof openParts>>;

  beforeAll(async () => {
    for (let i = 0; i < 6; i++) await write(`all/train/${i % 2 ? 'cat' : 'dog'}/${i}.png`, scene(100 + i).png());
    await write('all/train/dog/copy-of-1.png', scene(101).png()); // the same file with another label
    await write('all/train/dog/pixels-of-0.webp', scene(100).webp({ lossless: true }));
    await write(
      'all/train/cat/white.png',
      sharp({ create: { width: 50, height: 40, channels: 3, background: '#fff' } }).png(),
    );
    await write('all/train/dog/grey.png', scene(120).toColourspace('b-w').png());
    const whole = await scene(121).jpeg().toBuffer();
    await write('all/train/dog/cut-off.jpg', whole.subarray(0, whole.length >> 1));
    await write('all/train/cat/empty.jpg', new Uint8Array());
    await write('all/val/cat/a.jpg', scene(103).jpeg({ quality: 50 })); // 3.png, compressed
    await write('all/val/cat/b.png', scene(105).png()); // 5.png
    await write('all/val/dog/c.png', scene(130).flop().png());
    await write('all/val/bird/d.png', scene(131, 300, 100).png());
    parts = await openParts(join(root, 'all'));
    report = await inspectData(parts);
  });

  test('counts, sizes, formats, channels and classes', () => {
    const [train, val] = report.splits;
    expect(train).toMatchObject({
      name: 'train',
      pictures: 12,
      looked: 11, // an empty file is not even opened
      formats: { png: 9, webp: 1, jpeg: 1 },
      fileChannels: { 3: 10, 1: 1 },
      fileDepths: { uint8: 11 },
      grey: 2,
      classes: { classes: 2, pictures: { dog: 7, cat: 4 }, unlabelled: 0, smallest: { name: 'cat', pictures: 4 } },
    });
    expect(train!.classes!.balance).toBeCloseTo(0.946, 3); // entropy of 7/11 and 4/11 in bits
    expect(train!.width).toEqual({ min: 50, p5: 50, p25: 160, median: 160, p75: 160, p95: 160, max: 160 });
    expect(val).toMatchObject({ pictures: 4, looked: 4, broken: [], aspect: { min: 4 / 3, max: 3 } });
    const { histogram } = val!.shorterSide!;
    expect(histogram.counts.reduce((a, b) => a + b)).toBe(4);
    expect(histogram.counts[0]).toBe(1); // 100 pixels
    expect(histogram.counts.at(-1)).toBe(3); // 120
  });

  test('broken and blank pictures are named', () => {
    expect(report.splits[0]!.broken).toEqual([
      { path: 'cat/empty.jpg', reason: 'empty file (0 bytes)' },
      { path: 'dog/cut-off.jpg', reason: 'damaged or truncated' },
    ]);
    expect(report.splits[0]!.blank.map(({ name, label }) => [name, label])).toEqual([['cat/white.png', 'cat']]);
  });

  test('copies say what kind they are, which labels disagree and what is in both parts', () => {
    expect(groups(report).sort()).toEqual([
      'cat/1.png, file dog/copy-of-1.png',
      'cat/3.png, near cat/a.jpg',
      'cat/5.png, file cat/b.png',
      'dog/0.png, pixels dog/pixels-of-0.webp',
    ]);
    const flags = Object.fromEntries(
      report.copies.map(group => [group.pictures[0]!.name, [group.conflict, group.across]]),
    );
    expect(flags).toEqual({
      'cat/1.png': [true, false],
      'cat/3.png': [false, true],
      'cat/5.png': [false, true],
      'dog/0.png': [false, false],
    });
    expect(report.leaks.map(({ picture, of, copy }) => [picture.split, picture.name, copy, of.split, of.name])).toEqual(
      [
        ['val', 'cat/a.jpg', 'near', 'train', 'cat/3.png'],
        ['val', 'cat/b.png', 'file', 'train', 'cat/5.png'],
      ],
    );
  });

  test('says it in words, with what to do', () => {
    const text = describeInspection(report);
    for (const line of [
      /^2 pictures cannot be read: train: cat\/empty.jpg \(empty file \(0 bytes\)\), train: dog\/cut-off.jpg \(damaged/m,
      /^2 pictures of a later part are also in an earlier one \(1 the same file, 1 nearly the same\): val: cat\/a.jpg = train: cat\/3.png/m,
      /^1 group of copies with different labels: train: cat\/1.png \(cat\) = train: dog\/copy-of-1.png \(dog\)$/m,
      /^4 pictures are copies of another \(2 the same file, 1 the same pixels, 1 nearly the same\), in 4 groups: /m,
      /^1 picture is blank, of one color throughout: train: cat\/white.png\n {4}remove/m,
      /^1 class of a later part has no picture in train: bird$/m,
      /^suggested: --size 96 --channels 3 --batch-size 2$/m,
    ])
      expect(text).toMatch(line);
  });

  test('the report goes through JSON, and sheets are drawn of it', async () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    const sheets = await inspectionSheets(parts, report);
    expect(sheets.map(({ name }) => name)).toEqual(['random', 'classes', 'copies']);
    const { width } = await sharp(sheets[2]!.png).metadata();
    expect(width).toBeGreaterThan(2 * 144);
  });

  test('a sample is drawn by its seed', async () => {
    const looked = async (seed: number): Promise<InspectionReport> => inspectData(parts, { sample: 3, seed });
    const [first, again, other] = [await looked(1), await looked(1), await looked(2)];
    expect(first.splits.map(split => split.looked)).toEqual([3, 3]);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
});

describe('inspectData', () => {
  test('takes pixels in memory; what lies in several copies is found there too, and grey asks for one channel', async () => {
    const [side, count] = [8, 5];
    const rng = hostRng(3, 0);
    const data = new Uint8Array(count * side * side * 3);
    for (let i = 0; i < data.length; i += 3) data.fill(rng.int(0, 256), i, i + 3);
    data.copyWithin(0, 3 * side * side * 3, 4 * side * side * 3); // 0 is 3
    const report = await inspectData(arrayDataset({ name: 'memory', data, width: side, height: side, channels: 3 }));
    expect(groups(report)).toEqual(['picture 0, pixels picture 3']);
    expect(report.splits[0]).toMatchObject({ formats: {}, bytes: 0, grey: 5 });
    expect(report.suggested).toEqual({ viewSize: 32, batchSize: 2, channels: 1, depth: 'uint8' });
    expect(describeInspection(report)).toMatch(/^suggested: --size 32 --channels 1/m);
  });

  test('refuses parts of different channels, unknown options and a sample of none', async () => {
    const [color, grey] = [syntheticDataset({ size: 10 }), syntheticDataset({ size: 10, channels: 1 })];
    await expect(inspectData({ train: color, val: grey })).rejects.toThrow(/channels; got 3 in train, 1 in val/);
    await expect(inspectData(color, { smaple: 3 } as never)).rejects.toThrow(/got 'smaple'/);
    await expect(inspectData(color, { sample: 0 })).rejects.toThrow(/sample must be a whole number/);
  });

  test('stops when it is told to', async () => {
    const stop = new AbortController();
    const work = inspectData(syntheticDataset({ size: 500 }), {
      signal: stop.signal,
      onProgress: done => done === 20 && stop.abort(),
    });
    await expect(work).rejects.toThrow(/abort/);
  });
});
