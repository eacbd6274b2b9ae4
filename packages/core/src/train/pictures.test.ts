/** Real files, some of them odd or broken, on their way through a run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { imageFolder } from '../data/index.ts';
import { loadWeights } from '../io/index.ts';
import { pretrain, runFolder } from './index.ts';
import { smallBackbone, smallMethod } from './small-run.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-pictures-'));
const pictures = mkdtempSync(join(root, 'pictures-'));
afterAll(() => rmSync(root, { recursive: true }));

/** 40 x 30, of one colour with a square. */
function picture(shade: number): Sharp {
  const square = {
    create: { width: 12, height: 12, channels: 3, background: { r: 255 - shade, g: shade, b: 90 } },
  } as const;
  const ground = { create: { width: 40, height: 30, channels: 3, background: { r: shade, g: 100, b: 200 } } } as const;
  return sharp(ground).composite([{ input: square, left: shade % 20, top: 5 }]);
}

async function frames(): Promise<Buffer> {
  const each = await Promise.all([0, 100, 200].map(shade => picture(shade).png().toBuffer()));
  return sharp(each, { join: { animated: true } })
    .gif({ delay: [50, 50, 50] })
    .toBuffer();
}

beforeAll(async () => {
  const jpeg = await picture(9).jpeg({ quality: 95 }).toBuffer();
  const odd: Record<string, Buffer | string> = {
    'deep.png': await picture(50).toColourspace('rgb16').png().toBuffer(),
    'print.jpg': await picture(60).toColourspace('cmyk').jpeg().toBuffer(),
    'moving.gif': await frames(),
    'cut.jpg': jpeg.subarray(0, Math.floor(0.6 * jpeg.length)),
    'empty.png': '',
    'page.jpg': '<html>not found</html>',
  };
  for (let i = 0; i < 9; i++)
    odd[`good${i}.png`] = await picture(20 * i)
      .png()
      .toBuffer();
  for (const [name, bytes] of Object.entries(odd)) writeFileSync(join(pictures, name), bytes);
  expect(await sharp(join(pictures, 'deep.png')).metadata()).toMatchObject({ depth: 'ushort' });
  expect(await sharp(join(pictures, 'print.jpg')).metadata()).toMatchObject({ space: 'cmyk' });
  expect(await sharp(join(pictures, 'moving.gif')).metadata()).toMatchObject({ pages: 3 });
});

test('a run goes on without what is broken, which is counted and named, and takes what is only odd', async () => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const decoded: number[] = [];
  const out = join(root, 'run');
  try {
    const data = await imageFolder(pictures, { channels: 1 });
    const { steps } = await pretrain({
      method: smallMethod(),
      data,
      out,
      recipe: { batchSize: 12, epochs: 1, warmupEpochs: 0 }, // 15 files, of which 12 can be read
      onProgress: event => void (event.phase === 'decode' && decoded.push(event.total)),
    });
    expect(steps).toBe(1);
    const said = written.mock.calls.map(([text]) => String(text)).join('');
    expect(said).toMatch(/^3 of 15 pictures skipped: /);
    for (const part of [
      'cut.jpg (damaged or truncated)',
      'empty.png (empty file (0 bytes))',
      'page.jpg (not in a format',
    ])
      expect(said).toContain(part);
  } finally {
    written.mockRestore();
  }
  expect(decoded).toHaveLength(13); // the cut-off one has a sound header
});

test('its backbone loads into the same network, and into no other', async () => {
  const { backbone } = runFolder(join(root, 'run'));
  const loaded = await loadWeights(backbone, smallBackbone().members);
  expect(loaded.missing).toEqual([]);
  await expect(loadWeights(backbone, smallBackbone({ width: 8 }).members)).rejects.toMatchObject({
    name: 'CheckpointError',
    message: expect.stringMatching(
      /its tensors must fit the network's variables; .* it looks like the weights of another backbone .*"backbone":"small.cifar"/,
    ),
  });
});

test('pictures of which none can be read are refused, and nothing is written', async () => {
  const broken = mkdtempSync(join(root, 'broken-'));
  const png = await picture(3).png().toBuffer();
  for (const name of ['a.png', 'b.png']) writeFileSync(join(broken, name), png.subarray(0, png.length - 60));
  const data = await imageFolder(broken, { channels: 1, verify: 'none' });
  const options = {
    method: smallMethod(),
    data,
    out: join(root, 'none'),
    recipe: { batchSize: 1 },
    onProgress: () => {},
  };
  await expect(pretrain(options)).rejects.toMatchObject({
    name: 'DataError',
    message: expect.stringMatching(/at least one picture must be readable; got none .*2 of 2 pictures skipped: a.png/),
  });
});
