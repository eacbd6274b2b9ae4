import { ConfigError, compile, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { defaults, type VICRegLossOptions, type VICRegTerms, vicregLoss, vicregTerms } from './index.ts';
import { parity } from './parity.ts';

/** Two views of the same rows with noise. */
function views(rows: number, width: number, seed = 1): [Tensor, Tensor] {
  const rng = rngFromSeed(seed);
  const base = normal(rng, [rows, width], 0, 0.7);
  return [base.add(normal(rng, [rows, width], 0, 0.3)), base.add(normal(rng, [rows, width], 0, 0.3))];
}

type Changes = Partial<VICRegLossOptions>;

function lossOf(za: Tensor, zb: Tensor, changes: Changes = {}): number {
  return vicregLoss(za, zb, { ...defaults, ...changes }).dataSync()[0]!;
}

function termsOf(za: Tensor, zb: Tensor, changes: Changes = {}): Record<keyof VICRegTerms, number> {
  const terms = vicregTerms(za, zb, { ...defaults, ...changes });
  return Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, value.dataSync()[0]])) as never;
}

function gradientOf(za: Tensor, zb: Tensor): Tensor {
  return tf.grad(x => vicregLoss(x, zb, defaults) as never)(za);
}

/** Equations 1 to 6, with the divisors of the official code, one entry after the other. */
function byHand(za: Tensor, zb: Tensor): number {
  const [a, b] = [za, zb].map(z => z.transpose().arraySync() as number[][]) as [number[][], number[][]];
  const [P, N] = [a.length, a[0]!.length];
  const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  const covariance = (u: readonly number[], v: readonly number[]): number =>
    u.reduce((sum, x, n) => sum + (x - mean(u)) * (v[n]! - mean(v)), 0) / (N - 1);
  const invariance = mean(a.flatMap((u, i) => u.map((x, n) => (x - b[i]![n]!) ** 2)));
  let [variance, off] = [0, 0];
  for (const view of [a, b]) {
    variance += mean(view.map(u => Math.max(0, 1 - Math.sqrt(covariance(u, u) + 1e-4)))) / 2;
    for (const [i, u] of view.entries()) {
      for (const [j, v] of view.entries()) off += i === j ? 0 : covariance(u, v) ** 2 / P;
    }
  }
  return 25 * invariance + 25 * variance + off;
}

describeParity('vicregLoss', parity);

describe('closed forms', () => {
  // Columns of a Hadamard matrix: mean 0, uncorrelated.
  const signs = tf.tensor2d([0, 1, 2, 3, 4, 5, 6, 7].map(n => [n & 1, n & 2, n & 4].map(bit => (bit ? 1 : -1))));

  test('25·(1 − 0.01) when all projections are one', () => {
    const z = tf.ones([8, 3]).mul([1, -20, 30]);
    expect(lossOf(z, z)).toBeCloseTo(25 * 0.99, 3);
    expect(termsOf(z, z)).toMatchObject({ invariance: 0, covariance: 0 });
  });

  test('0 when views agree, dimensions are uncorrelated and deviate by 1 or more', () => {
    expect(lossOf(signs.mul([1, 2, 5]), signs.mul([1, 2, 5]))).toBeCloseTo(0, 3);
  });

  test('each term by itself', () => {
    const half = signs.mul(0.5);
    const { invariance, variance, covariance, std } = termsOf(half, half.add(0.3), { epsilon: 1e-9 });
    expect(invariance).toBeCloseTo(0.09, 5);
    const deviation = 0.5 * Math.sqrt(8 / 7);
    expect([variance, covariance, std]).toEqual([1 - deviation, 0, deviation].map(x => expect.closeTo(x, 5)));
    const one = signs.slice([0, 0], [8, 1]).tile([1, 3]); // 6 entries of 8/7, in two views, of 3 dimensions
    expect(termsOf(one, one).covariance).toBeCloseTo(((8 / 7) ** 2 * 6 * 2) / 3, 4);
  });
});

test.each([
  [2, 3],
  [5, 30],
  [30, 5],
  [12, 12],
])('equals the equations written as loops: %i images, %i dimensions', (rows, width) => {
  const [za, zb] = views(rows, width);
  const expected = byHand(za, zb);
  expect(Math.abs(lossOf(za, zb) - expected)).toBeLessThan(1e-5 * expected);
});

describe('properties', () => {
  const [za, zb] = views(10, 6);

  test('a shift of both views changes nothing; size does, other than in Barlow Twins', () => {
    const shift = normal(rngFromSeed(2), [6], 0, 3);
    expect(lossOf(za.add(shift), zb.add(shift))).toBeCloseTo(lossOf(za, zb), 3);
    expect(lossOf(za.mul(0.1), zb.mul(0.1))).toBeGreaterThan(lossOf(za, zb) + 1);
  });

  test('the order of the images does not matter; who is whose partner does, for the invariance alone', () => {
    const order = tf.tensor1d([3, 0, 5, 1, 4, 2, 9, 8, 7, 6], 'int32');
    expect(lossOf(tf.gather(za, order), tf.gather(zb, order))).toBeCloseTo(lossOf(za, zb), 4);
    const [paired, torn] = [termsOf(za, zb), termsOf(tf.gather(za, order), zb)];
    expect(torn.invariance).toBeGreaterThan(paired.invariance + 0.1);
    expect([torn.variance, torn.covariance]).toEqual(
      [paired.variance, paired.covariance].map(x => expect.closeTo(x, 5)),
    );
  });

  test('without the other terms a dimension that deviates by more than γ gets no gradient', () => {
    const alone = { ...defaults, invarianceWeight: 0, covarianceWeight: 0 };
    const gradient = tf.grad(x => vicregLoss(x, zb, alone) as never)(za.mul([9, 9, 9, 0.1, 0.1, 0.1]));
    const sizes = gradient.abs().max(0).arraySync() as number[];
    expect(sizes.slice(0, 3)).toEqual([0, 0, 0]);
    expect(Math.min(...sizes.slice(3))).toBeGreaterThan(1e-3);
  });

  test('a step against the gradient lowers the loss', () => {
    expect(lossOf(za.sub(gradientOf(za, zb).mul(0.02)), zb)).toBeLessThan(lossOf(za, zb));
  });

  test('the terms add up by their weights', () => {
    const weights = { invarianceWeight: 3, varianceWeight: 5, covarianceWeight: 7 };
    const { loss, invariance, variance, covariance } = termsOf(za, zb, weights);
    expect(loss).toBeCloseTo(3 * invariance + 5 * variance + 7 * covariance, 4);
  });
});

test.each([
  [5, 12],
  [12, 5],
])('the gradient is that of central differences: %i images, %i dimensions', (rows, width) => {
  const loss = (a?: Tensor, b?: Tensor): Tensor => vicregLoss(a!, b!, defaults);
  expect(gradientError(loss, views(rows, width), { step: 3e-3 })).toBeLessThan(1e-2);
});

test('of few images and many dimensions nothing is made that is as large as C', () => {
  const [za, zb] = views(4, 2 ** 16); // C has 16 GiB
  expect(lossOf(za, zb)).toBeGreaterThan(0);
  expect(gradientOf(za, zb).isFinite().all().dataSync()[0]).toBe(1);
});

test('compiled it is the same', async () => {
  const [za, zb] = views(8, 5);
  const run = compile((a: Tensor, b: Tensor) => vicregLoss(a, b, defaults));
  expect((await run(za, zb)).dataSync()[0]).toBeCloseTo(lossOf(za, zb), 4);
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

  test.each<[Changes, string]>([
    [{ invarianceWeight: -1 }, 'invarianceWeight must be 0 or above; got -1'],
    [{ varianceWeight: Number.NaN }, 'varianceWeight must be 0 or above; got NaN'],
    [{ covarianceWeight: -0.1 }, 'covarianceWeight must be 0 or above; got -0.1'],
    [{ gamma: 0 }, 'gamma must be above 0; got 0'],
    [{ epsilon: 0 }, 'epsilon must be above 0; got 0'],
  ])('%o', (changes, message) => {
    expect(() => lossOf(...views(4, 3), changes)).toThrow(ConfigError);
    expect(() => lossOf(...views(4, 3), changes)).toThrow(message);
  });
});
