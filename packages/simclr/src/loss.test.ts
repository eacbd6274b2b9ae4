import { ConfigError, compile, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { acrossRanks, describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { dcl, dclw, ntXent } from './index.ts';
import { parity } from './parity.ts';

function rows(pairs: number, width: number, seed = 1): Tensor {
  return normal(rngFromSeed(seed), [2 * pairs, width]);
}

function lossOf(z: Tensor, temperature: number): number {
  return ntXent(z, { temperature }).dataSync()[0]!;
}

function gradientOf(z: Tensor, temperature: number): Tensor {
  return tf.grad(x => ntXent(x, { temperature }) as never)(z);
}

/** The picture at place `i` comes from place `order[i]`, in both views. */
function reordered(z: Tensor, order: readonly number[]): Tensor {
  return tf.gather(z, tf.tensor1d([...order, ...order.map(i => i + order.length)], 'int32'));
}

/** Equation 1 of the paper, one row after the other. */
function byHand(z: Tensor, temperature: number): number {
  const vectors = z.arraySync() as number[][];
  const cosine = (a: readonly number[], b: readonly number[]): number => {
    const dot = (u: readonly number[], v: readonly number[]): number => u.reduce((sum, x, i) => sum + x * v[i]!, 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const losses = vectors.map((own, i) => {
    const partner = vectors[(i + vectors.length / 2) % vectors.length]!;
    const others = vectors.filter((_, k) => k !== i).map(other => Math.exp(cosine(own, other) / temperature));
    return -Math.log(Math.exp(cosine(own, partner) / temperature) / others.reduce((sum, x) => sum + x, 0));
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

describe('closed forms', () => {
  test.each([2, 5, 32])('is ln(2B - 1) when all rows of %i pairs point one way', pairs => {
    const z = rows(1, 6)
      .slice([0, 0], [1, -1])
      .tile([2 * pairs, 1])
      .mul(tf.range(1, 2 * pairs + 1).expandDims(1));
    for (const temperature of [0.07, 0.5, 5]) expect(lossOf(z, temperature)).toBeCloseTo(Math.log(2 * pairs - 1), 4);
  });

  test('is ln(1 + (2B - 2)·exp(-1/τ)) when views agree and pictures are orthogonal', () => {
    const z = tf.eye(4).tile([2, 1]);
    expect(lossOf(z, 0.5)).toBeCloseTo(Math.log(1 + 6 * Math.exp(-2)), 5);
  });
});

test.each([
  [2, 3, 0.5],
  [7, 5, 0.1],
  [16, 32, 1],
])('equals the equation written as loops: %i pairs of width %i, temperature %d', (pairs, width, temperature) => {
  const z = rows(pairs, width);
  const expected = byHand(z, temperature);
  expect(Math.abs(lossOf(z, temperature) - expected)).toBeLessThan(1e-5 * expected);
});

describeParity('simclr', parity);

test('the gradient is 0 when all rows are identical', () => {
  const z = rows(1, 6).slice([0, 0], [1, -1]).tile([8, 1]);
  expect(gradientOf(z, 0.5).abs().max().dataSync()[0]).toBeLessThan(1e-6);
});

test.each(['ntXent', 'dcl', 'dclw'] as const)('%s over three ranks is that of one', name => {
  const [loss, z] = [{ ntXent, dcl, dclw }[name], rows(6, 8)];
  const options = { temperature: 0.2, sigma: 0.4 };
  const share = (x: Tensor, rank: number): Tensor => tf.concat(tf.split(x, 2).map(view => tf.slice(view, 2 * rank, 2)));
  const split = (x: Tensor): Tensor => tf.addN(acrossRanks(3, rank => loss(share(x, rank), options))).div(3);
  const whole = (x: Tensor): Tensor => loss(x, options);
  expect(Math.abs(split(z).sub(whole(z)).dataSync()[0]!)).toBeLessThan(1e-5);
  const [a, b] = [split, whole].map(each => tf.grad(each as never)(z) as Tensor);
  expect(a!.sub(b!).abs().max().dataSync()[0]).toBeLessThan(1e-6);
});

describe('properties', () => {
  const temperature = 0.3;
  const z = rows(6, 8);

  test('rows may have any length', () => {
    const lengths = tf.exp(normal(rngFromSeed(2), [12, 1], 0, 3));
    expect(lossOf(z.mul(lengths), temperature)).toBeCloseTo(lossOf(z, temperature), 5);
  });

  test('which view comes first does not matter', () => {
    const swapped = tf.concat([z.slice([6, 0], [6, -1]), z.slice([0, 0], [6, -1])]);
    expect(lossOf(swapped, temperature)).toBeCloseTo(lossOf(z, temperature), 6);
  });

  test('the order of the pictures does not matter; who is whose partner does', () => {
    const order = [3, 0, 5, 1, 4, 2];
    expect(lossOf(reordered(z, order), temperature)).toBeCloseTo(lossOf(z, temperature), 6);
    const torn = tf.gather(z, tf.tensor1d([...order, 6, 7, 8, 9, 10, 11], 'int32'));
    expect(Math.abs(lossOf(torn, temperature) - lossOf(z, temperature))).toBeGreaterThan(0.01);
  });

  test('the gradient of a row is at right angles to the row', () => {
    const gradient = gradientOf(z, temperature);
    const along = gradient.mul(z).sum(1).abs().max().dataSync()[0]!;
    expect(along).toBeLessThan(1e-6);
    expect(gradient.square().sum(1).sqrt().min().dataSync()[0]).toBeGreaterThan(1e-3);
  });

  test('a step against the gradient lowers the loss', () => {
    const moved = z.sub(gradientOf(z, temperature).mul(0.1));
    expect(lossOf(moved, temperature)).toBeLessThan(lossOf(z, temperature));
  });
});

test('the gradient is that of central differences', () => {
  expect(gradientError(z => ntXent(z!, { temperature: 0.5 }), [rows(4, 6)])).toBeLessThan(1e-2);
});

test('low temperatures neither overflow nor vanish into NaN', () => {
  const z = rows(4, 6);
  const gradient = gradientOf(z, 0.001);
  expect(lossOf(z, 0.001)).toBeLessThan(2 / 0.001);
  expect(gradient.isFinite().all().dataSync()[0]).toBe(1);
});

test('compiled it is the same', async () => {
  const z = rows(5, 4);
  const run = compile((x: Tensor) => ntXent(x, { temperature: 0.2 }));
  expect((await run(z)).dataSync()[0]).toBeCloseTo(lossOf(z, 0.2), 6);
  run.dispose();
});

describe('what it refuses', () => {
  test.each([
    [[5, 4], 'an odd number of rows'],
    [[2, 4], 'a single picture, which has nothing to be told from'],
    [[8], 'a vector'],
    [[2, 4, 4], 'views that are not stacked'],
    [[0, 4], 'nothing'],
  ])('z of shape [%s]: %s', shape => {
    expect(() => ntXent(tf.zeros(shape), { temperature: 0.5 })).toThrow(ShapeError);
    expect(() => ntXent(tf.zeros(shape), { temperature: 0.5 })).toThrow(`[2B, P] with B at least 2; got [${shape}]`);
  });

  test.each([0, -0.5, Number.NaN])('temperature %d', temperature => {
    expect(() => ntXent(rows(2, 3), { temperature })).toThrow(ConfigError);
    expect(() => ntXent(rows(2, 3), { temperature })).toThrow(`temperature must be above 0; got ${temperature}`);
  });
});
