import { ConfigError, compile, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { barlowTwinsLoss, barlowTwinsTerms } from './index.ts';
import { parity } from './parity.ts';

const LAMBDA = 0.01;

/** Two views of the same rows with noise. */
function views(rows: number, width: number, seed = 1): [Tensor, Tensor] {
  const rng = rngFromSeed(seed);
  const base = normal(rng, [rows, width]);
  return [base.add(normal(rng, [rows, width], 0, 0.5)), base.add(normal(rng, [rows, width], 0, 0.5))];
}

function lossOf(za: Tensor, zb: Tensor, lambda = LAMBDA): number {
  return barlowTwinsLoss(za, zb, { lambda }).dataSync()[0]!;
}

function gradientOf(za: Tensor, zb: Tensor): Tensor {
  return tf.grad(x => barlowTwinsLoss(x, zb, { lambda: LAMBDA }) as never)(za);
}

/** Equation 1 of the paper, one entry after the other. */
function byHand(za: Tensor, zb: Tensor, lambda: number): number {
  const standard = (z: Tensor): number[][] =>
    (z.transpose().arraySync() as number[][]).map(values => {
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
      return values.map(x => (x - mean) / Math.sqrt(variance + 1e-5));
    });
  const [a, b] = [standard(za), standard(zb)];
  let loss = 0;
  for (const [i, u] of a.entries()) {
    for (const [j, v] of b.entries()) {
      const c = u.reduce((sum, x, n) => sum + x * v[n]!, 0) / u.length;
      loss += i === j ? (1 - c) ** 2 : lambda * c ** 2;
    }
  }
  return loss;
}

describeParity('barlowTwinsLoss', parity);

describe('closed forms', () => {
  // Columns of a Hadamard matrix: mean 0, uncorrelated.
  const signs = [0, 1, 2, 3, 4, 5, 6, 7].map(n => [n & 1, n & 2, n & 4].map(bit => (bit ? 1 : -1)));
  const z = tf.tensor2d(signs).mul([0.5, 3, 7]);

  test.each([
    ['0 when views agree and dimensions are uncorrelated', z, z, 0],
    ['4P when they are opposite', z, z.neg(), 12],
    [
      'λP(P − 1) when views agree and all dimensions are one',
      z.slice([0, 0], [8, 1]).tile([1, 3]),
      undefined,
      6 * LAMBDA,
    ],
    ['P when projections are constant', tf.ones([8, 3]).mul([1, -20, 300]), undefined, 3],
  ])('%s', (_, za, zb, expected) => {
    expect(lossOf(za, zb ?? za)).toBeCloseTo(expected, 3);
  });
});

test.each([
  [2, 3],
  [5, 30],
  [30, 5],
  [9, 12],
  [12, 12],
])('equals the equation written as loops: %i images, %i dimensions', (rows, width) => {
  const [za, zb] = views(rows, width);
  const expected = byHand(za, zb, LAMBDA);
  expect(Math.abs(lossOf(za, zb) - expected)).toBeLessThan(1e-5 * expected);
});

describe('properties', () => {
  const [za, zb] = views(10, 6);

  test('dimensions may have any size and mean', () => {
    const sizes = tf.exp(normal(rngFromSeed(2), [6]));
    expect(lossOf(za.mul(sizes).add(20), zb.mul(sizes.square()).sub(3))).toBeCloseTo(lossOf(za, zb), 3);
  });

  test('the order of the images does not matter; who is whose partner does', () => {
    const order = tf.tensor1d([3, 0, 5, 1, 4, 2, 9, 8, 7, 6], 'int32');
    expect(lossOf(tf.gather(za, order), tf.gather(zb, order))).toBeCloseTo(lossOf(za, zb), 5);
    expect(Math.abs(lossOf(tf.gather(za, order), zb) - lossOf(za, zb))).toBeGreaterThan(0.1);
  });

  test('the gradient changes no mean', () => {
    const gradient = gradientOf(za, zb);
    expect(gradient.mean(0).abs().max().dataSync()[0]).toBeLessThan(1e-6);
    expect(gradient.abs().max().dataSync()[0]).toBeGreaterThan(1e-3);
  });

  test('a step against the gradient lowers the loss', () => {
    expect(lossOf(za.sub(gradientOf(za, zb).mul(0.1)), zb)).toBeLessThan(lossOf(za, zb));
  });

  test('redundancy is at least P² / (N − 1) − P when views agree: N images leave no more uncorrelated dimensions', () => {
    const [N, P] = [5, 40];
    const { redundancy, offDiagonal } = barlowTwinsTerms(...([views(N, P)[0], views(N, P)[0]] as const), { lambda: 1 });
    const least = P ** 2 / (N - 1) - P;
    expect(redundancy.dataSync()[0]).toBeGreaterThan(0.999 * least);
    expect(offDiagonal.dataSync()[0]).toBeCloseTo(Math.sqrt(redundancy.dataSync()[0]! / (P * (P - 1))), 5);
  });

  test('the terms add up', () => {
    const { loss, invariance, redundancy, diagonal } = barlowTwinsTerms(za, zb, { lambda: 0.3 });
    expect(loss.dataSync()[0]).toBeCloseTo(invariance.dataSync()[0]! + 0.3 * redundancy.dataSync()[0]!, 5);
    expect(diagonal.dataSync()[0]).toBeGreaterThan(0.5);
  });
});

test.each([
  [5, 12],
  [12, 5],
])('the gradient is that of central differences: %i images, %i dimensions', (rows, width) => {
  const loss = (a?: Tensor, b?: Tensor): Tensor => barlowTwinsLoss(a!, b!, { lambda: 0.2 });
  expect(gradientError(loss, views(rows, width))).toBeLessThan(1e-2);
});

test('of few images and many dimensions nothing is made that is as large as C', () => {
  const [za, zb] = views(4, 2 ** 16); // C has 16 GiB
  expect(lossOf(za, zb)).toBeGreaterThan(0);
  expect(gradientOf(za, zb).isFinite().all().dataSync()[0]).toBe(1);
});

test('compiled it is the same', async () => {
  const [za, zb] = views(8, 5);
  const run = compile((a: Tensor, b: Tensor) => barlowTwinsLoss(a, b, { lambda: LAMBDA }));
  expect((await run(za, zb)).dataSync()[0]).toBeCloseTo(lossOf(za, zb), 5);
  run.dispose();
});

describe('what it refuses', () => {
  test.each([
    [[8, 4], [8, 5], 'other widths'],
    [[8, 4], [6, 4], 'other numbers of images'],
    [[1, 4], [1, 4], 'one image, which has no deviation'],
    [[8], [8], 'vectors'],
    [[8, 0], [8, 0], 'no dimensions'],
  ])('za [%s] and zb [%s]: %s', (a, b) => {
    const run = (): number => lossOf(tf.zeros(a), tf.zeros(b));
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(`[N, P] alike, N at least 2; got [${a}] and [${b}]`);
  });

  test.each([-0.1, Number.NaN])('lambda %d', lambda => {
    expect(() => lossOf(...views(4, 3), lambda)).toThrow(ConfigError);
    expect(() => lossOf(...views(4, 3), lambda)).toThrow(`lambda must be 0 or above; got ${lambda}`);
  });
});
