import { ConfigError, compile, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { gradientError, relativeError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { type DCLWOptions, dcl, dclw, ntXent } from './index.ts';

const LOSSES = { dcl, dclw };
const KINDS = ['dcl', 'dclw'] as const;
type Kind = (typeof KINDS)[number];

const rows = (pairs: number, width: number, seed = 1): Tensor => normal(rngFromSeed(seed), [2 * pairs, width]);
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const gradientOf = (kind: Kind, z: Tensor, options: DCLWOptions): Tensor =>
  tf.grad(x => LOSSES[kind](x, options) as never)(z);

/** Equation 6 of the paper, one row after the other; the weights over the pairs. */
function byHand(kind: Kind, z: Tensor, { temperature, sigma }: DCLWOptions): number {
  const vectors = z.arraySync() as number[][];
  const dot = (u: readonly number[], v: readonly number[]): number => u.reduce((sum, x, i) => sum + x * v[i]!, 0);
  const cosine = (i: number, k: number): number => {
    const [a, b] = [vectors[i]!, vectors[k]!];
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const pairs = vectors.length / 2;
  const agreement = Array.from({ length: pairs }, (_, i) => Math.exp(cosine(i, i + pairs) / sigma));
  const mean = agreement.reduce((sum, x) => sum + x, 0) / pairs;
  const losses = vectors.map((_, i) => {
    const others = vectors.flatMap((_, k) => (k % pairs === i % pairs ? [] : [Math.exp(cosine(i, k) / temperature)]));
    const weight = kind === 'dcl' ? 1 : 2 - agreement[i % pairs]! / mean;
    const positive = (weight * cosine(i, (i + pairs) % vectors.length)) / temperature;
    return Math.log(others.reduce((sum, x) => sum + x, 0)) - positive;
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

describe('closed forms', () => {
  test.each(KINDS)('%s is ln(2B - 2) when all rows point one way', kind => {
    const z = rows(1, 6).slice([0, 0], [1, -1]).tile([10, 1]).mul(tf.range(1, 11).expandDims(1));
    for (const temperature of [0.07, 0.5, 5]) {
      expect(value(LOSSES[kind](z, { temperature, sigma: 0.3 }))).toBeCloseTo(Math.log(8), 4);
    }
  });

  test.each(KINDS)('%s is ln(2B - 2) - 1/τ when views agree and pictures are orthogonal', kind => {
    expect(value(LOSSES[kind](tf.eye(4).tile([2, 1]), { temperature: 0.5, sigma: 0.5 }))).toBeCloseTo(
      Math.log(6) - 2,
      5,
    );
  });

  test('a pair that agrees and one that opposes count 2 - 2·softmax(±1/σ)', () => {
    const z = tf.tensor2d([
      [1, 0],
      [0, 1],
      [1, 0],
      [0, -1],
    ]); //    cosines 1 and -1, others 0
    const share = 1 / (1 + Math.exp(-2 / 0.7));
    const positives = ((2 - 2 * share) * 1 + (2 - 2 * (1 - share)) * -1) / 2;
    const loss = value(dclw(z, { temperature: 0.5, sigma: 0.7 }));
    expect(loss).toBeCloseTo(Math.log(2) - positives / 0.5, 5);
  });
});

describe.each(KINDS)('%s equals the equation written as loops', kind => {
  test.each([
    [2, 3, 0.5, 0.5],
    [7, 5, 0.1, 0.2],
    [16, 32, 1, 1],
  ])('%i pairs of width %i, temperature %d, sigma %d', (pairs, width, temperature, sigma) => {
    const z = rows(pairs, width);
    const expected = byHand(kind, z, { temperature, sigma });
    const loss = value(LOSSES[kind](z, { temperature, sigma }));
    expect(Math.abs(loss - expected)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));
  });
});

describe('properties', () => {
  const options = { temperature: 0.3, sigma: 0.4 };
  const z = rows(6, 8);

  test.each(KINDS)('%s: neither the length of rows nor which view comes first matters', kind => {
    const scaled = z.mul(tf.exp(normal(rngFromSeed(2), [12, 1], 0, 3)));
    const swapped = tf.concat([z.slice([6, 0], [6, -1]), z.slice([0, 0], [6, -1])]);
    const loss = value(LOSSES[kind](z, options));
    for (const other of [scaled, swapped]) expect(value(LOSSES[kind](other, options))).toBeCloseTo(loss, 4);
  });

  test('decoupled, a loss is below NT-Xent, which has one candidate more', () => {
    expect(value(dcl(z, options))).toBeLessThan(value(ntXent(z, options)));
  });

  test('as the views of a picture come together the gradient of NT-Xent fades, that of the decoupled loss does not', () => {
    const base = normal(rngFromSeed(3), [4, 16]);
    const views = tf.concat([base, base.add(normal(rngFromSeed(4), [4, 16], 0, 0.05))]);
    const size = (gradient: Tensor): number => value(gradient.norm());
    const coupled = size(tf.grad(x => ntXent(x, { temperature: 0.1 }) as never)(views));
    expect(size(gradientOf('dcl', views, { temperature: 0.1, sigma: 1 }))).toBeGreaterThan(10 * coupled);
  });

  test.each(KINDS)('%s: a step against the gradient lowers the loss', kind => {
    const moved = z.sub(gradientOf(kind, z, options).mul(0.05));
    expect(value(LOSSES[kind](moved, options))).toBeLessThan(value(LOSSES[kind](z, options)));
  });

  test('a large sigma weighs all pairs alike', () => {
    expect(value(dclw(z, { ...options, sigma: 1e5 }))).toBeCloseTo(value(dcl(z, options)), 4);
  });
});

test('the gradient of dcl is that of central differences', () => {
  expect(gradientError(z => dcl(z!, { temperature: 0.5 }), [rows(4, 6)])).toBeLessThan(1e-2);
});

test('so is that of dclw, with the weights held fast', () => {
  const [z, options] = [rows(4, 6), { temperature: 0.5, sigma: 0.5 }];
  const unit = (x: Tensor): Tensor => x.div(x.norm('euclidean', 1, true));
  const cosines = (x: Tensor): Tensor => {
    const [first, second] = tf.split(unit(x), 2);
    return first!.mul(second!).sum(1);
  };
  const weights = tf.softmax(cosines(z).div(0.5)).mul(-4).add(2);
  const fixed = (x: Tensor): Tensor => {
    const decoupled = dcl(x, options).add(cosines(x).div(0.5).mean());
    return decoupled.sub(cosines(x).mul(weights).div(0.5).mean());
  };
  const expected = tf.grad(fixed as never)(z as never) as Tensor;
  expect(gradientError(x => fixed(x!), [z])).toBeLessThan(1e-2);
  expect(relativeError(gradientOf('dclw', z, options), { shape: [8, 6], data: [...expected.dataSync()] })).toBeLessThan(
    1e-5,
  );
});

test.each(KINDS)('%s: low temperatures neither overflow nor vanish into NaN', kind => {
  const z = rows(4, 6);
  expect(Number.isFinite(value(LOSSES[kind](z, { temperature: 0.001, sigma: 0.001 })))).toBe(true);
  expect(gradientOf(kind, z, { temperature: 0.001, sigma: 0.001 }).isFinite().all().dataSync()[0]).toBe(1);
});

test.each(KINDS)('%s: compiled it is the same', async kind => {
  const [z, options] = [rows(5, 4), { temperature: 0.2, sigma: 0.3 }];
  const run = compile((x: Tensor) => LOSSES[kind](x, options));
  expect(value(await run(z))).toBeCloseTo(value(LOSSES[kind](z, options)), 6);
  run.dispose();
});

describe.each(KINDS)('what %s refuses', kind => {
  test.each([[[5, 4]], [[2, 4]], [[8]]])('z of shape [%s]', shape => {
    const run = (): Tensor => LOSSES[kind](tf.zeros(shape), { temperature: 0.5, sigma: 0.5 });
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(`${kind}: z must be two views stacked, [2B, P] with B at least 2; got [${shape}]`);
  });

  test.each([0, Number.NaN])('temperature %d', temperature => {
    expect(() => LOSSES[kind](rows(2, 3), { temperature, sigma: 1 })).toThrow(ConfigError);
  });
});

test('sigma must be above 0', () => {
  expect(() => dclw(rows(2, 3), { temperature: 1, sigma: 0 })).toThrow('dclw: sigma must be above 0; got 0');
});
