import { describe, expect, test } from 'vitest';
import { ConfigError, ShapeError } from '../errors.ts';
import { compile } from '../tensor/compile.ts';
import { vectorJacobian } from '../tensor/gradients.ts';
import { idOf } from '../tensor/native.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { runInChild } from '../tensor/run-in-child.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { liveTensors } from '../tensor/variable.ts';
import { gradientError } from '../testing/index.ts';
import { type LogSumExpOptions, logSumExpInTiles, logSumExpSimilarities, ownColumns } from './contrastive.ts';
import { l2Normalize } from './norm.ts';
import { partSizes, tileShape } from './similarity-tiles.ts';

const rows = (count: number, width: number, seed = 1): Tensor => l2Normalize(normal(rngFromSeed(seed), [count, width]));
const numbers = (tensor: Tensor): number[] => [...tensor.dataSync()];

/** The formula with the whole matrix at once. */
function plain(a: Tensor, b: Tensor, { temperature, exclude }: LogSumExpOptions): Tensor {
  const logits = tf.matMul(a as never, b as never, false, true).div(temperature);
  if (!exclude) return logits.logSumExp(1);
  const hit = tf.equal(exclude.expandDims(2), tf.range(0, b.shape[0]!, 1, 'int32')).any(1);
  return tf.where(hit, tf.scalar(-1e9), logits).logSumExp(1);
}

type Fn = (...inputs: Tensor[]) => Tensor;

/** Values and gradients, of rows that count differently. */
function both(fn: Fn, inputs: Tensor[]): Tensor[] {
  const value = fn(...inputs);
  return [value, ...vectorJacobian(fn, inputs, normal(rngFromSeed(9), value.shape))];
}

function expectClose(actual: readonly Tensor[], expected: readonly Tensor[], tolerance = 1e-5): void {
  for (const [k, tensor] of expected.entries()) {
    const values = numbers(tensor);
    const scale = Math.max(...values.map(Math.abs));
    expect(actual[k]!.shape).toEqual(tensor.shape);
    for (const [i, value] of numbers(actual[k]!).entries())
      expect(Math.abs(value - values[i]!)).toBeLessThan(tolerance * scale);
  }
}

const EXCLUDED: Readonly<Record<string, (N: number) => { readonly exclude?: Tensor }>> = {
  nothing: () => ({}),
  itself: N => ({ exclude: ownColumns(N) }),
  'itself and its partner': N => ({ exclude: ownColumns(N, { partner: true }) }),
  'other columns for each row': N => ({
    exclude: tf.tensor2d(
      Array.from({ length: N }, (_, i) => [(i * i + 1) % N, (3 * i) % N, i % 5 === 0 ? -1 : 2]),
      undefined,
      'int32',
    ),
  }),
};

describe.each(Object.entries(EXCLUDED))('equals the plain formula, excluded: %s', (_, excluded) => {
  test.each([
    [4, 3, 64],
    [24, 8, 8],
    [300, 5, 128],
  ])('%i rows with themselves, width %i, tiles of at most %i', (N, P, side) => {
    const options = { temperature: 0.2, ...excluded(N) };
    const z = rows(N, P);
    expectClose(
      both(x => logSumExpInTiles(x!, x!, options, side), [z]),
      both(x => plain(x!, x!, options), [z]),
    );
  });

  test.each([
    [4, 7, 3, 64],
    [90, 20, 8, 16],
    [130, 200, 12, 128],
  ])('%i rows with %i others, width %i, tiles of at most %i²', (N, M, P, side) => {
    const options = { temperature: 0.2, ...excluded(N) };
    const inputs = [rows(N, P), rows(M, P, 2)];
    const [expected, fn] = [both((x, y) => plain(x!, y!, options), inputs), logSumExpInTiles];
    expectClose(
      both((x, y) => fn(x!, y!, options, side), inputs),
      expected,
    );
    const fixed = both(x => fn(x!, inputs[1]!, { ...options, fixedColumns: true }, side), inputs.slice(0, 1));
    expectClose(fixed, expected.slice(0, 2));
  });
});

test('in tiles of its own choice too', () => {
  const z = rows(1500, 8);
  const options = { temperature: 0.1, exclude: ownColumns(1500, { partner: true }) };
  expectClose(
    both(x => logSumExpSimilarities(x!, x!, options), [z]),
    both(x => plain(x!, x!, options), [z]),
  );
});

test('columns that are fixed have no gradient, be they the rows themselves', () => {
  const z = rows(6, 4);
  const options = { temperature: 0.5, fixedColumns: true };
  const columns = z.clone();
  const expected = vectorJacobian(x => plain(x!, columns, options), [z], tf.ones([6]));
  expectClose(
    vectorJacobian(x => logSumExpSimilarities(x!, x!, options), [z], tf.ones([6])),
    expected,
  );
});

test('rows of one process among the columns of all: as in the whole', () => {
  const [count, own] = [3, 8];
  const z = rows(count * own, 6);
  for (const partner of [false, true]) {
    const parts = Array.from({ length: count }, (_, rank) => {
      const offset = rank * own;
      const exclude = ownColumns(own, { offset, partner });
      return logSumExpInTiles(z.slice([offset, 0], [own, -1]), z, { temperature: 0.2, exclude }, 4);
    });
    const all = tf.concat(Array.from({ length: count }, (_, rank) => ownColumns(own, { offset: rank * own, partner })));
    expectClose([tf.concat(parts)], [plain(z, z, { temperature: 0.2, exclude: all })]);
  }
});

test('own columns of four rows that are two views of two images', () => {
  expect(ownColumns(4).arraySync()).toEqual([[0], [1], [2], [3]]);
  expect(ownColumns(4, { partner: true, offset: 10 }).arraySync()).toEqual([
    [10, 12],
    [11, 13],
    [12, 10],
    [13, 11],
  ]);
  expect(() => ownColumns(5, { partner: true })).toThrow('an even number; got 5');
});

describe('extremes', () => {
  test('low temperatures neither overflow nor vanish into NaN', () => {
    const z = rows(40, 4);
    const options = { temperature: 0.001, exclude: ownColumns(40) };
    const [value, gradient] = both(x => logSumExpInTiles(x!, x!, options, 16), [z]);
    // A similarity of 1 is 1000 here, and has float32's rounding times 1000.
    expectClose(
      [value!, gradient!],
      both(x => plain(x!, x!, options), [z]),
      1e-3,
    );
    expect(Math.max(...numbers(value!))).toBeGreaterThan(500);
  });

  test('nor with fixed columns, where what was seen before shrinks to nothing and back', () => {
    const [z, columns] = [rows(40, 4), rows(200, 4, 2)];
    const options = { temperature: 0.001, fixedColumns: true };
    expectClose(
      both(x => logSumExpInTiles(x!, columns, options, 16), [z]),
      both(x => plain(x!, columns, options), [z]),
      1e-3,
    );
  });

  test.each([false, true])(
    'a row that leaves out everything is -Infinity, without a gradient (fixed columns: %s)',
    fixedColumns => {
      const z = rows(3, 4);
      const exclude = tf.tensor2d(
        [
          [0, 1, 2],
          [0, 0, 0],
          [1, 1, 1],
        ],
        undefined,
        'int32',
      );
      const columns = z.clone();
      const fn = (x: Tensor): Tensor => logSumExpInTiles(x, columns, { temperature: 0.5, exclude, fixedColumns }, 2);
      expect(numbers(fn(z))[0]).toBe(Number.NEGATIVE_INFINITY);
      const gradient = vectorJacobian(fn as Fn, [z], tf.ones([3]))[0]!.arraySync() as number[][];
      expect(gradient[0]).toEqual([0, 0, 0, 0]);
      expect(gradient[1]!.every(value => Number.isFinite(value) && value !== 0)).toBe(true);
    },
  );

  test('NaN stays', () => {
    const z = tf.concat([rows(5, 4), tf.fill([1, 4], Number.NaN)]);
    expect(numbers(logSumExpInTiles(z, z, { temperature: 0.5 }, 4))).toEqual(Array(6).fill(Number.NaN));
    const fixed = both(x => logSumExpInTiles(x!, z, { temperature: 0.5, fixedColumns: true }, 4), [rows(2, 4)]);
    for (const tensor of fixed) expect(numbers(tensor).every(Number.isNaN)).toBe(true);
  });
});

test('the gradients are those of central differences', () => {
  const options = { temperature: 0.5, exclude: ownColumns(10, { partner: true }) };
  expect(gradientError(x => logSumExpInTiles(x!, x!, options, 4), [rows(10, 5)])).toBeLessThan(1e-2);
  const inputs = [rows(10, 5), rows(7, 5, 2)];
  expect(gradientError((x, y) => logSumExpInTiles(x!, y!, options, 4), inputs)).toBeLessThan(1e-2);
  const fixed = { ...options, fixedColumns: true };
  expect(gradientError(x => logSumExpInTiles(x!, inputs[1]!, fixed, 4), inputs.slice(0, 1))).toBeLessThan(1e-2);
});

test('compiled it is the same; and nothing is left behind', async () => {
  const [z, other, exclude] = [rows(40, 6), rows(30, 6, 2), ownColumns(40)].map(x => x.clone()) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const step = (x: Tensor, y: Tensor, excluded: Tensor): Tensor[] => [
    ...both(a => logSumExpInTiles(a!, a!, { temperature: 0.2, exclude: excluded }, 16), [x]),
    ...both((a, b) => logSumExpInTiles(a!, b!, { temperature: 0.2, exclude: excluded }, 16), [x, y]),
    ...both(a => logSumExpInTiles(a!, y, { temperature: 0.2, exclude: excluded, fixedColumns: true }, 16), [x]),
  ];
  const run = compile(step);
  for (const tensor of [z, other, exclude]) idOf(tensor);
  const before = liveTensors();
  for (let i = 0; i < 3; i++) {
    const [eager, compiled] = [tf.tidy(() => step(z, other, exclude)), await run(z, other, exclude)];
    expectClose(compiled, eager);
    tf.dispose([eager, compiled]);
    expect(liveTensors()).toBe(before);
  }
  run.dispose();
});

test('memory does not hold the similarities', async () => {
  const module = new URL('./contrastive-run.ts', import.meta.url);
  const rows = 8192;
  const whole = (rows ** 2 * 4) / 2 ** 20; // MiB; the plain formula holds several of these
  expect(await runInChild<number>(module, `m.growth(${rows})`)).toBeLessThan(whole / 3);
});

test('tiles cover everything, in few shapes', () => {
  expect(tileShape(512, 512)).toEqual([512, 512]);
  expect(tileShape(4096, 4096)).toEqual([1024, 1024]);
  expect(tileShape(32_768, 32_768)).toEqual([2048, 2048]);
  expect(tileShape(256, 65_536)).toEqual([256, 4096]);
  expect(tileShape(65_536, 128)).toEqual([4096, 128]);
  expect(partSizes(4096, 1024)).toEqual([1024, 1024, 1024, 1024]);
  expect(partSizes(1500, 1024)).toEqual([768, 732]);
  expect(partSizes(7, 1024)).toEqual([7]);
});

describe('what it refuses', () => {
  const [a, b] = [tf.zeros([4, 3]), tf.zeros([5, 3])];
  test.each([
    [[4], [5, 3]],
    [
      [4, 3],
      [5, 2],
    ],
    [
      [0, 3],
      [5, 3],
    ],
    [
      [4, 3],
      [0, 3],
    ],
  ])('a [%s] and b [%s]', (one, other) => {
    const run = (): Tensor => logSumExpSimilarities(tf.zeros(one), tf.zeros(other), { temperature: 1 });
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(`neither empty; got [${one}] and [${other}]`);
  });

  test.each([0, -1, Number.NaN])('temperature %d', temperature => {
    expect(() => logSumExpSimilarities(a, b, { temperature })).toThrow(ConfigError);
  });

  test.each([tf.zeros([4], 'int32'), tf.zeros([4, 1]), tf.zeros([5, 1], 'int32'), tf.zeros([4, 0], 'int32')])(
    'exclude %s',
    exclude => {
      const run = (): Tensor => logSumExpSimilarities(a, b, { temperature: 1, exclude });
      expect(run).toThrow(`exclude must be int32 [4, E], columns of each row; got ${exclude.dtype}[${exclude.shape}]`);
    },
  );
});
