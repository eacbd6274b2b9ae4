import { ConfigError, compile, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { acrossRanks, describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { crossEntropyLoss, type SupConLossOptions, supConLoss, supConTerms } from './index.ts';
import { parity } from './parity.ts';

const rows = (count: number, width: number, seed = 1): Tensor => normal(rngFromSeed(seed), [count, width]);
const int = (values: readonly number[]): Tensor => tf.tensor1d([...values], 'int32');
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const lossOf = (z: Tensor, labels: readonly number[], options: SupConLossOptions): number =>
  value(supConLoss(z, int(labels), options));
const gradientOf = (z: Tensor, labels: readonly number[], options: SupConLossOptions): Tensor =>
  tf.grad(x => supConLoss(x, int(labels), options) as never)(z);

const cosinesOf = (z: Tensor): number[][] => {
  const vectors = z.arraySync() as number[][];
  const dot = (u: readonly number[], v: readonly number[]): number => u.reduce((sum, x, i) => sum + x * v[i]!, 0);
  return vectors.map(a => vectors.map(b => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))));
};
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Equation 2 of the paper, one row after the other; rows without positives are 0, as in losses.py. */
function byHand(z: Tensor, labels: readonly number[], temperature: number): number {
  const cosines = cosinesOf(z);
  const classOf = (row: number): number => {
    const image = row % labels.length;
    return labels[image]! < 0 ? -1 - image : labels[image]!;
  };
  const losses = cosines.map((own, i) => {
    const others = own.map((cosine, k) => ({ k, s: cosine / temperature })).filter(({ k }) => k !== i);
    const total = others.reduce((sum, { s }) => sum + Math.exp(s), 0);
    const positives = others.filter(({ k }) => classOf(k) === classOf(i));
    return positives.length === 0 ? 0 : mean(positives.map(({ s }) => -Math.log(Math.exp(s) / total)));
  });
  return mean(losses);
}

/** NT-Xent, equation 1 of arXiv:2002.05709: the partner out of all other rows. */
function ntXentByHand(z: Tensor, temperature: number): number {
  const cosines = cosinesOf(z);
  const count = cosines.length;
  return mean(
    cosines.map((own, i) => {
      const others = own.filter((_, k) => k !== i).map(cosine => Math.exp(cosine / temperature));
      return -Math.log(Math.exp(own[(i + count / 2) % count]! / temperature) / others.reduce((sum, x) => sum + x, 0));
    }),
  );
}

describeParity('supcon', parity);

describe('closed forms', () => {
  test.each([
    [2, [0, 1, 0, 2]],
    [3, [0, 0, 0, 0]],
    [2, [-1, -1, -1, -1]],
  ])('is ln(VB - 1) when all rows point one way: %i views, labels %j', (views, labels) => {
    const z = rows(1, 6)
      .tile([4 * views, 1])
      .mul(tf.range(1, 4 * views + 1).expandDims(1));
    for (const temperature of [0.07, 0.5]) {
      expect(lossOf(z, labels, { temperature })).toBeCloseTo(Math.log(4 * views - 1), 4);
    }
    expect(lossOf(z, labels, { temperature: 0.5, baseTemperature: 0.1 })).toBeCloseTo(5 * Math.log(4 * views - 1), 3);
  });

  test('is ln(3 + 4e^(-1/τ)) when two classes of two images are two directions at right angles', () => {
    const z = tf
      .tensor2d([
        [3, 0],
        [0, 1],
        [2, 0],
        [0, 5],
      ])
      .tile([2, 1]);
    const expected = Math.log(3 + 4 * Math.exp(-2));
    expect(lossOf(z, [8, 3, 8, 3], { temperature: 0.5 })).toBeCloseTo(expected, 5);
  });
});

test.each([
  [2, [0, 1, 0, 2, 1, 0, 7], 0.1],
  [3, [5, 5, -1, 0, -1], 0.5],
  [4, [2, 2, 2], 0.3],
  [1, [0, 1, 0, 2, 1, -1], 0.2],
])('equals the equation written as loops: %i views of labels %j', (views, labels, temperature) => {
  const z = rows(views * labels.length, 8);
  const expected = byHand(z, labels, temperature);
  expect(Math.abs(lossOf(z, labels, { temperature }) - expected)).toBeLessThan(1e-5 * Math.max(1, expected));
});

test.each([
  ['all labels differ', [3, 9, 0, 5, 1, 7]],
  ['no image has one', [-1, -1, -1, -1, -1, -1]],
  ['some differ and the others are missing', [4, -1, 0, -1, -1, 2]],
])('it is NT-Xent when %s', (_, labels) => {
  for (const [width, temperature] of [
    [3, 0.5],
    [16, 0.07],
    [8, 1],
  ] as const) {
    const z = rows(12, width, width);
    const expected = ntXentByHand(z, temperature);
    expect(Math.abs(lossOf(z, labels, { temperature }) - expected)).toBeLessThan(1e-5 * expected);
  }
  expect(
    Math.abs(lossOf(rows(12, 8), [0, 0, 1, 2, 3, 4], { temperature: 0.5 }) - ntXentByHand(rows(12, 8), 0.5)),
  ).toBeGreaterThan(0.01);
});

test.each([
  ['without labels for some', [0, 1, -1, 1, 0, -1]],
  ['of one class', [2, 2, 2, 2, 2, 2]],
])('over three ranks it is that of one: images %s', (_, labels) => {
  const [z, options] = [rows(18, 5), { temperature: 0.2, baseTemperature: 0.1 }];
  const share = (x: Tensor, rank: number): Tensor => tf.concat(tf.split(x, 3).map(view => tf.slice(view, 2 * rank, 2)));
  const split = (x: Tensor): Tensor =>
    tf
      .addN(acrossRanks(3, rank => supConLoss(share(x, rank), int(labels.slice(2 * rank, 2 * rank + 2)), options)))
      .div(3);
  const whole = (x: Tensor): Tensor => supConLoss(x, int(labels), options);
  expect(Math.abs(value(split(z).sub(whole(z))))).toBeLessThan(2e-5);
  const [a, b] = [split, whole].map(each => tf.grad(each as never)(z) as Tensor);
  expect(value(a!.sub(b!).abs().max())).toBeLessThan(1e-5);
});

describe('properties', () => {
  const temperature = 0.3;
  const [labels, z] = [[0, 1, 0, 2, 1, 0], rows(12, 8)];

  test('what labels are called does not matter; who shares one does', () => {
    const loss = lossOf(z, labels, { temperature });
    expect(lossOf(z, [7, 0, 7, 2147483647, 0, 7], { temperature })).toBe(loss);
    expect(Math.abs(lossOf(z, [0, 1, 1, 2, 0, 0], { temperature }) - loss)).toBeGreaterThan(0.01);
  });

  test('rows may have any length, and images any order', () => {
    const loss = lossOf(z, labels, { temperature });
    expect(lossOf(z.mul(tf.exp(rows(12, 1, 2))), labels, { temperature })).toBeCloseTo(loss, 5);
    const order = [3, 0, 5, 1, 4, 2];
    const other = tf.gather(z, int([...order, ...order.map(i => i + 6)]));
    expect(
      lossOf(
        other,
        order.map(i => labels[i]!),
        { temperature },
      ),
    ).toBeCloseTo(loss, 5);
  });

  test('a step against the gradient lowers the loss, and brings a class together', () => {
    const gradient = gradientOf(z, labels, { temperature });
    expect(value(gradient.mul(z).sum(1).abs().max())).toBeLessThan(1e-6); // at right angles to the row
    const moved = z.sub(gradient.mul(0.5));
    expect(lossOf(moved, labels, { temperature })).toBeLessThan(lossOf(z, labels, { temperature }));
    const together = (x: Tensor): number =>
      mean(cosinesOf(x).flatMap((own, i) => own.filter((_, k) => k !== i && labels[i % 6] === labels[k % 6])));
    expect(together(moved)).toBeGreaterThan(together(z));
  });

  test('classmates are the other images of a class', () => {
    const of = (given: readonly number[]): number =>
      value(supConTerms(rows(2 * given.length, 4), int(given), { temperature }).classmates);
    expect(of([0, 0, 0, 1])).toBeCloseTo(6 / 4, 6);
    expect(of([-1, 3, -1, 2])).toBe(0);
  });
});

test.each([
  [2, [0, 1, 0, -1]],
  [3, [1, 1, 0]],
])('the gradient is that of central differences: %i views of %j', (views, labels) => {
  const z = rows(views * labels.length, 6);
  const loss = (x?: Tensor): Tensor => supConLoss(x!, int(labels), { temperature: 0.5, baseTemperature: 0.4 });
  expect(gradientError(loss, [z])).toBeLessThan(1e-2);
});

test('compiled it is the same, for other labels too', async () => {
  const z = rows(10, 4);
  const run = compile(({ x, y }: { x: Tensor; y: Tensor }) => supConLoss(x, y, { temperature: 0.2 }));
  for (const labels of [
    [0, 0, 1, 2, -1],
    [-1, 4, 4, 4, -1],
  ]) {
    expect(value(await run({ x: z, y: int(labels) }))).toBeCloseTo(lossOf(z, labels, { temperature: 0.2 }), 5);
  }
  expect(run.graphs).toBe(1);
  run.dispose();
});

test('low temperatures neither overflow nor vanish into NaN', () => {
  const options = { temperature: 0.001 };
  expect(lossOf(rows(8, 6), [0, 0, 1, 1], options)).toBeLessThan(2 / 0.001);
  expect(value(gradientOf(rows(8, 6), [0, 0, 1, 1], options).isFinite().all())).toBe(1);
});

describe('cross-entropy', () => {
  test('is ln K for equal logits, whatever is smoothed and how many have labels', () => {
    for (const labelSmoothing of [0, 0.2]) {
      for (const labels of [
        [0, 3],
        [-1, 3],
      ]) {
        const loss = crossEntropyLoss(tf.ones([4, 5]), int(labels), { labelSmoothing });
        expect(value(loss)).toBeCloseTo(Math.log(5), 5);
      }
    }
  });

  test('rows without a label have no part in it; with none it is 0', () => {
    const logits = rows(6, 4);
    const gradient = tf.grad(x => crossEntropyLoss(x, int([2, -1, 0])) as never)(logits) as Tensor;
    const sizes = [...gradient.abs().sum(1).dataSync()];
    expect(sizes.map(size => size > 1e-3)).toEqual([true, false, true, true, false, true]);
    expect(value(crossEntropyLoss(logits, int([-1, -1, -1])))).toBeCloseTo(0, 5);
  });

  test('over two ranks it is that of one, also where one has fewer labels', () => {
    const [logits, labels] = [rows(6, 3), [0, 1, 2, -1, -1, 0]];
    const loss = (x: Tensor, y: readonly number[]): Tensor => crossEntropyLoss(x, int(y), { labelSmoothing: 0.1 });
    const split = acrossRanks(2, rank => loss(tf.slice(logits, 3 * rank, 3), labels.slice(3 * rank, 3 * rank + 3)));
    expect(value(tf.addN(split).div(2))).toBeCloseTo(value(loss(logits, labels)), 5);
  });
});

describe('what they refuse', () => {
  const options = { temperature: 0.5 };

  test.each<[string, number[], number[], string]>([
    [
      'rows that are not as many for each image',
      [5, 4],
      [0, 1],
      'z must be V views of 2 images stacked, [V·2, …]; got [5,4]',
    ],
    ['a vector', [8], [0, 1], 'got [8]'],
    ['views that are not stacked', [2, 2, 4], [0, 1], 'got [2,2,4]'],
    ['nothing', [0, 4], [0, 1], 'got [0,4]'],
    ['one row', [1, 4], [0], 'z must have at least two rows, to tell one from another; got [1,4]'],
  ])('%s', (_, shape, labels, message) => {
    expect(() => lossOf(tf.zeros(shape), labels, options)).toThrow(ShapeError);
    expect(() => lossOf(tf.zeros(shape), labels, options)).toThrow(message);
  });

  test('labels that are not whole numbers, or a table', () => {
    const run = (labels: Tensor) => () => supConLoss(rows(4, 3), labels, options);
    expect(run(tf.tensor1d([0, 1]))).toThrow('labels must be int32 [B], B at least 1; got float32[2]');
    expect(run(tf.zeros([2, 1], 'int32'))).toThrow('got int32[2,1]');
    expect(() => crossEntropyLoss(rows(4, 3), tf.tensor1d([0, 1]))).toThrow('crossEntropyLoss: labels must be int32');
    expect(() => crossEntropyLoss(rows(5, 3), int([0, 1]))).toThrow('logits must be V views of 2 images');
  });

  test.each([0, -0.5, Number.NaN])('temperature %d', temperature => {
    expect(() => lossOf(rows(4, 3), [0, 1], { temperature })).toThrow(ConfigError);
    expect(() => lossOf(rows(4, 3), [0, 1], { temperature })).toThrow(
      `temperature must be above 0; got ${temperature}`,
    );
    const based = { temperature: 0.1, baseTemperature: temperature };
    expect(() => lossOf(rows(4, 3), [0, 1], based)).toThrow(`baseTemperature must be above 0; got ${temperature}`);
  });
});
