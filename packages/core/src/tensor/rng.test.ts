import { describe, expect, test } from 'vitest';
import { compile } from './compile.ts';
import { bernoulli, normal, type Rng, rngFromKey, rngFromSeed, stepKey, truncatedNormal, uniform } from './rng.ts';
import { type Tensor, tf } from './tf.ts';
import { liveTensors } from './variable.ts';

const numbers = (tensor: Tensor): number[] => [...tensor.dataSync()];
const moments = (tensor: Tensor): { mean: number; std: number } => {
  const { mean, variance } = tf.moments(tensor);
  return { mean: mean.dataSync()[0]!, std: variance.sqrt().dataSync()[0]! };
};
const COUNT = 40_000; // the mean of as many is within 0.02 of the true one at four standard errors

const draws: Record<string, (rng: Rng, shape: number[]) => Tensor> = {
  uniform: (rng, shape) => uniform(rng, shape, -1, 2),
  normal: (rng, shape) => normal(rng, shape, 3, 0.5),
  truncatedNormal: (rng, shape) => truncatedNormal(rng, shape, 2),
  bernoulli: (rng, shape) => bernoulli(rng, shape, 0.3),
};

describe('draws', () => {
  test.each(Object.entries(draws))('%s: the same eagerly and compiled, for the same key only', async (_, draw) => {
    const body = (key: Tensor): Tensor[] => {
      const rng = rngFromKey(key);
      return [draw(rng, [50]), draw(rng, [5, 10])];
    };
    const compiled = compile(body);
    const seen = new Set<string>();
    for (const [seed, step] of [
      [1, 0],
      [1, 1],
      [2, 0],
      [-1, 0],
      [1, 2 ** 16],
    ] as const) {
      const key = stepKey(seed, step);
      const eager = body(key).map(numbers);
      expect((await compiled(key)).map(numbers)).toEqual(eager);
      for (const values of eager) seen.add(values.join());
    }
    expect(seen.size).toBe(10); // neither keys nor draws repeat
    expect(compiled.graphs).toBe(1);
  });

  test('have the moments and bounds that were asked for', () => {
    const rng = rngFromSeed(11);
    const expectMoments = (tensor: Tensor, mean: number, std: number): void => {
      const found = moments(tensor);
      expect(Math.abs(found.mean - mean)).toBeLessThan(0.02 * Math.max(1, std));
      expect(Math.abs(found.std / std - 1)).toBeLessThan(0.02);
    };
    const flat = draws.uniform!(rng, [COUNT]);
    expectMoments(flat, 0.5, 3 / Math.sqrt(12));
    expect(flat.min().dataSync()[0]).toBeGreaterThanOrEqual(-1);
    expect(flat.max().dataSync()[0]).toBeLessThan(2);
    expectMoments(draws.normal!(rng, [COUNT]), 3, 0.5);
    const cut = draws.truncatedNormal!(rng, [COUNT]);
    expectMoments(cut, 0, 2 * 0.8796); // a normal cut at two standard deviations has 0.8796 of its own
    expect(cut.abs().max().dataSync()[0]).toBeLessThanOrEqual(4);
    const coins = draws.bernoulli!(rng, [COUNT]);
    expectMoments(coins, 0.3, Math.sqrt(0.3 * 0.7));
    expect([...new Set(numbers(coins))].sort()).toEqual([0, 1]);
  });

  test('of one source, and of neighbouring steps, have nothing to do with each other', () => {
    const rng = rngFromSeed(1);
    const draws = [normal(rng, [COUNT]), normal(rng, [COUNT]), normal(rngFromSeed(2), [COUNT])];
    for (const step of [0, 1, 2]) draws.push(normal(rngFromKey(stepKey(1, step)), [COUNT]));
    const products = tf.matMul(tf.stack(draws), tf.stack(draws), false, true).div(COUNT).arraySync() as number[][];
    for (const [i, row] of products.entries()) {
      for (const [j, product] of row.entries()) expect(Math.abs(product - (i === j ? 1 : 0))).toBeLessThan(0.04);
    }
  });

  test('leave nothing behind but the result', () => {
    const before = liveTensors();
    const made = Object.values(draws).map(draw => draw(rngFromSeed(3), [10]));
    expect(liveTensors()).toBe(before + made.length);
    tf.dispose(made);
  });
});

describe('step keys', () => {
  test('never meet: not those of other steps, not with up to 2^16 draws each, not the draws of first weights', () => {
    const seen = new Set<string>();
    const steps = [
      ...Array(300).keys(),
      ...Array.from({ length: 300 }, (_, i) => 2 ** 16 - 150 + i),
      2 ** 17 - 1,
      2 ** 17,
      2 ** 20,
    ];
    for (const step of new Set(steps)) {
      const [first, second] = numbers(stepKey(5, step));
      expect(second! & 0xffff).toBe(0); // room for the number of the draw
      seen.add(`${first} ${second}`);
    }
    expect(seen.size).toBe(new Set(steps).size);
    const [first, second] = numbers(rngFromSeed(5).next());
    expect(seen.has(`${first} ${second! & ~0xffff}`)).toBe(false);
  });

  test('give a source whose draws are numbered', () => {
    const rng = rngFromKey(tf.tensor1d([7, 1 << 16], 'int32'));
    expect([numbers(rng.next()), numbers(rng.next())]).toEqual([
      [7, 65_536],
      [7, 65_537],
    ]);
  });
});
