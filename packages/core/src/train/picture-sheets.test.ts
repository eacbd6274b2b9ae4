import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import { loadWeights } from '../io/index.ts';
import type { Method, PictureInput } from '../method/index.ts';
import { stateOf } from '../nn/module.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { liveTensors } from '../tensor/variable.ts';
import { type PretrainResult, pretrain, runFolder } from './index.ts';
import { smallBackbone, smallData, smallMethod } from './small-run.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-sheets-'));
afterAll(() => rmSync(root, { recursive: true }));

const as3d = (x: Tensor): Tensor => x.reshape(x.shape.slice(0, 3));

/** The picture, a map that is bright to the right, and the number drawn for each image. */
function withPictures(pictures?: Method['pictures']): Method {
  const ramp = tf.tidy(() => tf.range(0, 16).reshape([1, 1, 16]));
  const own = ({ images, drawn }: PictureInput) => ({
    whole: [
      { title: 'picture', pixels: images },
      { title: 'to the right', pixels: as3d(images.mul(0)).add(ramp) },
    ],
    drawn: [
      { title: 'sign', pixels: images.mul(0).add(drawn.sign!.cast('float32').reshape([-1, 1, 1, 1]).add(1).div(2)) },
    ],
  });
  return { ...smallMethod(), pictures: pictures ?? own };
}

let runs = 0;
async function run(options: object = {}, pictures?: Method['pictures'], out = join(root, `run${runs++}`)) {
  const method = withPictures(pictures);
  const done = await pretrain({ method, data: smallData(), out, onProgress: () => {}, ...options });
  return { ...done, method };
}

const hashes = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .map(
      name =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    );

test('sheets are written ten times over a run, and at its end', async () => {
  const { pictures, out } = await run({ recipe: { epochs: 25 } });
  expect(pictures).toBe(runFolder(out).pictures);
  const epochs = [3, 6, 9, 12, 15, 18, 21, 24, 25];
  const names = ['drawn', 'whole'].flatMap(name =>
    epochs.map(epoch => `${name}-epoch-${String(epoch).padStart(4, '0')}.png`),
  );
  expect(readdirSync(pictures!).sort()).toEqual(names);
});

test('a row for each of eight pictures, each column in the values or in colours', async () => {
  const { pictures } = await run();
  const { data, info } = await sharp(join(pictures!, 'whole-epoch-0002.png'))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const [left, top, cell, gap] = [16, 16 + 34 + 22, 96, 12];
  expect(info.height).toBe(top + 8 * (cell + gap) - gap + 16);
  const at = (column: number, row: number, x: number, y: number): number[] => {
    const place =
      ((top + row * (cell + gap) + 6 * y + 3) * info.width + left + column * (cell + gap) + 6 * x + 3) * info.channels;
    return [...data.subarray(place, place + 3)];
  };
  const { data: bytes } = await smallData().image(0);
  for (const [x, y] of [
    [0, 0],
    [5, 9],
    [15, 15],
  ] as const) {
    const grey = bytes[y * 16 + x]!;
    expect(at(0, 0, x, y)).toEqual([grey, grey, grey]);
    if (x === 0) expect(at(1, 0, x, y)).toEqual([68, 1, 84]);
    if (x === 15) expect(at(1, 7, x, y)).toEqual([253, 231, 37]);
  }
});

test('a run that was stopped draws the same', async () => {
  const whole = await run();
  const out = join(root, 'parts');
  await expect(run({ stopAfter: 7 }, undefined, out)).rejects.toThrow('stopped at step 7');
  const parts = await run({ resume: true }, undefined, out);
  expect(hashes(parts.pictures!)).toEqual(hashes(whole.pictures!));
  expect(hashes(parts.pictures!)[1]).not.toEqual(hashes(parts.pictures!)[0]); // of another epoch other numbers are drawn
});

test('nothing is left behind in memory, and a method without pictures has no folder', async () => {
  await run();
  const grown = async (method: () => Method): Promise<[number, PretrainResult]> => {
    const [before, out] = [liveTensors(), join(root, `run${runs++}`)];
    const done = await pretrain({ method: method(), data: smallData(), out, onProgress: () => {} });
    return [liveTensors() - before, done];
  };
  const [[plain, { out, pictures }], [drawing]] = [await grown(smallMethod), await grown(withPictures)];
  expect(drawing).toBe(plain + 1); // the ramp
  expect(pictures).toBeUndefined();
  expect(readdirSync(out)).not.toContain('pictures');
});

test('what is not a picture an image is refused', async () => {
  const first = run({}, ({ images }) => ({ odd: [{ title: 'one', pixels: tf.slice(images, 0, 1) }] }));
  await expect(first).rejects.toMatchObject({
    name: 'ShapeError',
    message: "small: pictures must be [B, h, w, C] or [B, h, w], one an image; got [1,16,16,1] for 'one' of 8 images",
  });
});

test('a run leaves the network that the method names as its result', async () => {
  const result = smallBackbone({ seed: 7 });
  const { backbone } = await pretrain({
    method: { ...smallMethod(), result },
    data: smallData(),
    out: join(root, 'result'),
    onProgress: () => {},
  });
  const loaded = smallBackbone({ seed: 1 });
  await loadWeights(backbone, loaded.members);
  const values = (members: typeof loaded.members) =>
    [...stateOf(members).values()].map(variable => [...variable.values()]);
  expect(values(loaded.members)).toEqual(values(result.members));
});
