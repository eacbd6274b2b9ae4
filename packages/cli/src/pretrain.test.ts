import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Outcome, startSsl, writePictures, writeSmallMethod } from './in-child.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-pretrain-'));
afterAll(() => rmSync(root, { recursive: true }));

const ssl = (words: string): Promise<Outcome> => startSsl(`pretrain ${words}`, root).done;
const text = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

beforeAll(async () => {
  const pictures = join(root, 'pictures');
  await writePictures(pictures, 20);
  const whole = readFileSync(join(pictures, '0.png'));
  writeFileSync(join(pictures, 'cut-off.png'), whole.subarray(0, whole.length - 40));
  writeFileSync(join(pictures, 'empty.jpg'), '');
  writeSmallMethod(root);
});

describe('ssl pretrain', () => {
  test('trains SimCLR on a folder, passing over what is broken; can be stopped, and goes on', async () => {
    const words = '--method simclr --data pictures --out simclr --epochs 1 --batch-size 10 --warmup-epochs 0';
    const first = await ssl(`${words} --stop-after 1`);
    expect(first).toMatchObject({ code: 130, out: '' });
    expect(first.err).toMatch(/^the pictures are grey: one channel is used \(--channels 3 for three\)$/m);
    expect(first.err).toMatch(
      /^2 of 22 pictures skipped: cut-off.png \(damaged or truncated\), empty.jpg \(empty file \(0 bytes\)\)$/m,
    );
    expect(first.err).toMatch(/^pretrain: stopped at step 1 of 2 and saved in simclr; go on with .*--resume\)\n$/m);
    expect(JSON.parse(text('simclr', 'config.json'))).toMatchObject({
      backbone: 'resnet18.cifar',
      channels: 1,
      imageSize: 32,
      recipe: { epochs: 1, batchSize: 10 },
    });

    const refused = await ssl(`${words.replace('--epochs 1', '--epochs 3')} --temperature 1 --resume`);
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringMatching(/simclr differs in config.temperature: 0.5, now 1; recipe.epochs: 1, now 3; use/),
    });
    expect(await ssl(words)).toMatchObject({ code: 1, err: expect.stringMatching(/holds a run; go on with it/) });

    const second = await ssl(`${words} --resume --grad-checkpointing`); // the same run, in less memory
    expect(second).toMatchObject({ code: 0 });
    expect(second.out).toMatch(
      /^2 steps in 1 epoch, loss \d\.\d{4}\nbackbone {4}simclr\/backbone.safetensors\nviews {7}simclr\/views.png\ncheckpoint {2}simclr\/checkpoints\/step-000000002.safetensors\n$/,
    );
  }, 120_000);

  test('ssl embed writes the features of its backbone', async () => {
    const embed = (words: string): Promise<Outcome> => startSsl(`embed ${words}`, root).done;
    expect(await embed('--run simclr --data pictures --out f.csv')).toMatchObject({
      code: 0,
      out: '20 pictures, 512 features each: f.csv\n',
      err: expect.stringContaining('2 of 22 pictures skipped'),
    });
    const [head, ...lines] = text('f.csv').trimEnd().split('\n');
    expect(head!.split(',').slice(0, 4)).toEqual(['name', 'label', '0', '1']);
    const rows = lines.map(line => line.split(','));
    expect(rows.map(([name]) => name)).toEqual([...rows.map(([name]) => name)].sort());
    expect(rows.every(row => row.length === 514 && row.slice(2).every(value => Number.isFinite(Number(value))))).toBe(
      true,
    );
    expect(new Set(rows.map(row => row.slice(2).join())).size).toBe(20);

    expect(await embed('--run simclr')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--run and --data are'),
    });
    expect(await embed('--run nan --data pictures --out f.txt')).toMatchObject({ code: 2 });
    expect(await embed('--run pictures --data pictures')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/--run must be a run folder, with config.json; got ENOENT.*; check the path/),
    });
    rmSync(join(root, 'simclr', 'backbone.safetensors'));
    expect(await embed('--run simclr --data pictures')).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /the run must have ended; simclr\/backbone.safetensors is not there yet; go on with it/,
      ),
    });
  }, 120_000);

  test('trains a vision transformer and embeds with it', async () => {
    const words = '--method simclr --data pictures --out vit --epochs 1 --batch-size 10';
    expect(await ssl(`${words} --backbone vit_mini_patch4_32 --patch-size 8 --drop-path 0.1`)).toMatchObject({
      code: 0,
    });
    expect(JSON.parse(text('vit', 'config.json'))).toMatchObject({ backbone: 'vit_mini_patch4_32.patch8' });
    expect(await startSsl('embed --run vit --data pictures --out v.csv', root).done).toMatchObject({
      code: 0,
      out: '20 pictures, 128 features each: v.csv\n',
    });
    expect(await ssl(`${words} --backbone vit_mini_patch4_32 --patch-size 5`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('patchSize must divide imgSize; got patches of 5 and pictures of 32'),
    });
  }, 120_000);

  test('Ctrl-C saves, says how to go on and ends with 130; the run goes on to the same weights', async () => {
    const words = '--method small --data pictures --size 16 --epochs 40';
    expect(await ssl(`${words} --out whole`)).toMatchObject({ code: 0 });
    const { child, said, done } = startSsl(`pretrain ${words} --out stopped`, root);
    await said('training');
    child.kill('SIGINT');
    expect(await done).toMatchObject({
      code: 130,
      out: '',
      err: expect.stringMatching(
        /stopping as soon as .*\(Ctrl-C again: at once\)\n(?:.*\n)*pretrain: stopped at step \d+ of 200 and saved in stopped; go on with resume: true \(ssl pretrain … --resume\)\n$/,
      ),
    });
    expect(await ssl(`${words} --out stopped --resume`)).toMatchObject({ code: 0 });
    for (const file of ['backbone.safetensors', 'metrics.jsonl', 'checkpoints/step-000000200.safetensors'])
      expect(readFileSync(join(root, 'stopped', file)).equals(readFileSync(join(root, 'whole', file))), file).toBe(
        true,
      );
  }, 120_000);

  test('takes an installed data set by its name', async () => {
    const words = '--method small --data icons-100 --split test --out icons --stop-after 1 --batch-size 100';
    expect(await ssl(words)).toMatchObject({ code: 130 });
    expect(JSON.parse(text('icons', 'config.json'))).toMatchObject({
      data: { name: 'icons-100 test', size: 764 },
      channels: 1,
    });
  });

  test('ends with 1 when the loss is no number', async () => {
    const outcome = await ssl('--method small --data pictures --out nan --learning-rate 1e30');
    expect(outcome).toMatchObject({
      code: 1,
      err: expect.stringMatching(/pretrain: loss and .* must be finite; got NaN .* at step 3; likely causes: .*\n$/),
    });
    expect(existsSync(join(root, 'nan', 'backbone.safetensors'))).toBe(false);
    expect(readdirSync(join(root, 'nan'))).not.toContain('.lock');
  });

  test('its help lists the options of the run, the recipe and the method', async () => {
    const { out } = await ssl('--method simclr --help');
    for (const option of [
      '--data DIR|LIST|NAME',
      '--split NAME',
      '--batch-size N',
      '--micro-batch-size N',
      '--temperature N',
    ])
      expect(out).toContain(option);
  });
});
