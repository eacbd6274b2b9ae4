import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeFeatures } from './feature-file.ts';
import { type Outcome, startSsl, writePictures } from './in-child.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-probe-'));
afterAll(() => rmSync(root, { recursive: true }));
const ssl = (words: string): Promise<Outcome> => startSsl(words, root).done;

/** Rows of six classes around the corners of a cube; `order` are the classes as this file numbers them. */
function write(name: string, count: number, order: readonly string[], seed: number): Promise<void> {
  let state = seed;
  const noise = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator
    return state / 2 ** 32 - 0.5;
  };
  const own = Array.from({ length: count }, (_, row) => CLASSES[row % 6]!);
  const corner = (label: string): number[] => [0, 1, 2].map(axis => ((CLASSES.indexOf(label) + 1) >> axis) & 1);
  const features = own.flatMap(label => [...corner(label), 0].map(value => 3 * value + noise()));
  const labels = Int32Array.from(own, (label, row) => (row === 3 ? -1 : order.indexOf(label)));
  const names = own.map((_, row) => `${row}.png`);
  return writeFeatures(join(root, name), {
    features: Float32Array.from(features),
    dim: 4,
    names,
    labels,
    classes: order,
  });
}

const CLASSES = ['ant', 'bee', 'cat', 'dog', 'elk', 'fox'];

beforeAll(async () => {
  await write('train.safetensors', 120, CLASSES, 1);
  await write('test.safetensors', 60, CLASSES.toReversed(), 2);
  await write('test.csv', 60, CLASSES.toReversed(), 2);
  await write('few.csv', 90, ['zoo', ...CLASSES.slice(1), 'ant'], 3);
});

test('prints a table, with classes that are the same by name', async () => {
  const { code, out, err } = await ssl('probe --train train.safetensors --test test.safetensors --epochs 20');
  expect(err).toMatch(/^1 of 120 pictures of --train have no label: left out\n1 of 60 pictures of --test have/);
  expect(code).toBe(0);
  const [train, test, , head, one, twenty, linear, , lowest, ...rest] = out.trimEnd().split('\n');
  expect(train).toBe('train   119 rows, 4 features, 6 classes');
  expect(test).toBe('test    59 rows');
  expect(head).toBe('            top-1    top-5');
  expect(one).toBe('1-NN       100.0 %');
  expect(twenty).toBe('20-NN      100.0 %');
  expect(linear).toMatch(
    /^linear {5}100.0 % {2}100.0 % {3}sgd, learning rate [\d.]+, weight decay 0; chosen of 12 by 24 rows of train \(100.0 %\)$/,
  );
  expect(lowest).toMatch(/^lowest {2}ant 100.0 % of 10, /);
  expect(rest).toEqual([]);
}, 60_000);

test('sets a quarter apart, takes CSV and the other solver, and prints JSON', async () => {
  const { code, out } = await ssl('probe --train train.safetensors --solver lbfgs --k 1 --json');
  expect(code).toBe(0);
  const result = JSON.parse(out);
  expect(result).toMatchObject({
    train: { rows: 89, dim: 4, classes: 6 },
    test: { rows: 30, setApart: true },
    knn: [{ k: 1, top1: 1 }],
    linear: { top1: 1, top5: 1, chosen: { l2: expect.any(Number) }, heldOut: 18, unseen: { rows: 0, classes: [] } },
  });
  expect(result.linear.perClass.map((each: { class: string }) => each.class)).toEqual(CLASSES);
  const csv = await ssl('probe --train few.csv --test test.csv --solver lbfgs --json');
  expect(JSON.parse(csv.out).linear.top1).toBe(1);
}, 60_000);

test('takes pictures and a run, whose probe was logged', async () => {
  for (const name of ['a', 'b']) {
    await writePictures(join(root, 'pictures', name), name === 'a' ? 12 : 8);
  }
  const run = '--method simclr --data pictures --out run --epochs 1 --batch-size 10 --warmup-epochs 0 --probe';
  expect(await ssl(`pretrain ${run}`)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^2 steps in 1 epoch, loss \d\.\d{4}, probe accuracy \d+\.\d % in the last epoch\n/),
  });
  const { code, out } = await ssl('probe --run run --train pictures --epochs 5 --json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ train: { rows: 15, dim: 512, classes: 2 }, test: { rows: 5 } });
}, 120_000);

test.each([
  ['probe', 2, '--train is needed; got none'],
  ['probe train.safetensors', 2, "takes options only; got 'train.safetensors'"],
  ['probe --train train.safetensors --train-split test', 2, '--train-split is for pictures; got no --run'],
  ['probe --train train.safetensors --solver lbfgs --epochs 3', 2, '--epochs is of sgd; got it with --solver lbfgs'],
  ['probe --train train.safetensors --solver adam', 1, "solver must be sgd or lbfgs; got 'adam'"],
  ['probe --train none.csv', 1, 'none.csv must be a file of features as ssl embed writes; got: ENOENT'],
  ['probe --run none --train pictures', 1, 'ssl probe: --run must be a run folder, with config.json; got ENOENT'],
])('%s is refused', async (words, code, message) => {
  expect(await ssl(words)).toMatchObject({ code, out: '', err: expect.stringContaining(message) });
});

test('help lists the options', async () => {
  const { code, out } = await ssl('probe --help');
  expect(code).toBe(0);
  for (const option of ['--run DIR', '--solver sgd|lbfgs', '--json']) expect(out).toContain(option);
});
