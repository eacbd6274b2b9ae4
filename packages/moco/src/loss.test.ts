import { ConfigError, compile, inContext, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { acrossRanks, describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { infoNCE, infoNCEInBatch } from './index.ts';
import { parity } from './parity.ts';

describeParity('moco', parity);

const rows = (count: number, width: number, seed: number): Tensor => normal(rngFromSeed(seed), [count, width]);
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const alike = (count: number): Tensor => rows(1, 6, 1).tile([count, 1]);
const units = (x: Tensor): Tensor => x.div(x.square().sum(1, true).sqrt());

describe('closed forms', () => {
  test.each([0.07, 0.5, 5])(
    'rows that all point one way leave K + 1, or B, equal choices; temperature %d',
    temperature => {
      const scaled = alike(4).mul(tf.tensor2d([1, 2, 30, 0.1], [4, 1]));
      expect(value(infoNCE(scaled, alike(4), units(alike(9)), { temperature }))).toBeCloseTo(Math.log(10), 5);
      expect(value(infoNCEInBatch(scaled, alike(4), { temperature })) / (2 * temperature)).toBeCloseTo(Math.log(4), 4);
    },
  );

  test('keys that are found, and negatives at right angles', () => {
    const eye = tf.eye(5) as Tensor;
    const [own, others] = [tf.slice(eye, 0, 2), tf.slice(eye, 2, 3)];
    const expected = Math.log(1 + 3 * Math.exp(-1 / 0.2));
    expect(value(infoNCE(own, own, others, { temperature: 0.2 }))).toBeCloseTo(expected, 6);
    const among = 2 * 0.2 * Math.log(1 + 4 * Math.exp(-1 / 0.2));
    expect(value(infoNCEInBatch(eye, eye, { temperature: 0.2 }))).toBeCloseTo(among, 6);
  });
});

describe('properties', () => {
  const [query, keys, queue] = [rows(6, 8, 2), rows(6, 8, 3), units(rows(20, 8, 4))];
  const queued = (q: Tensor, k: Tensor = keys): Tensor => infoNCE(q, k, queue, { temperature: 0.2 });
  const batched = (q: Tensor, k: Tensor = keys): Tensor => infoNCEInBatch(q, k, { temperature: 0.2 });

  test.each([
    ['infoNCE', queued],
    ['infoNCEInBatch', batched],
  ] as const)('%s: gradient by differences, lengths do not matter, keys get no gradient', (_, loss) => {
    expect(gradientError(q => loss(q!), [query])).toBeLessThan(1e-2);
    expect(value(loss(query.mul(7), keys.mul(0.3)))).toBeCloseTo(value(loss(query)), 5);
    const ofKeys = tf.grad(k => loss(query, k).add(k.sum().mul(0)) as never)(keys);
    expect(value(ofKeys.abs().max())).toBe(0);
  });

  test.each([
    ['infoNCE', queued],
    ['infoNCEInBatch', batched],
  ] as const)('%s: the order of the images does not matter, who has which key does', (_, loss) => {
    const order = tf.tensor1d([3, 0, 5, 1, 4, 2], 'int32');
    const moved = (x: Tensor): Tensor => tf.gather(x, order);
    expect(value(loss(moved(query), moved(keys)))).toBeCloseTo(value(loss(query)), 5);
    expect(Math.abs(value(loss(moved(query))) - value(loss(query)))).toBeGreaterThan(0.01);
  });

  test('over ranks, each query looks among the keys of all', () => {
    const part = (x: Tensor, rank: number): Tensor => tf.slice(x, rank * 2, 2);
    const each = acrossRanks(3, rank => batched(part(query, rank), part(keys, rank)));
    expect(value(tf.addN(each).div(3))).toBeCloseTo(value(batched(query)), 5);
    const alone = tf.addN([0, 1, 2].map(rank => batched(part(query, rank), part(keys, rank)))).div(3);
    expect(Math.abs(value(alone) - value(batched(query)))).toBeGreaterThan(0.1);
  });

  test('low temperatures stay finite, and compiled it is the same', async () => {
    const gradient = tf.grad(q => infoNCE(q, keys, queue, { temperature: 0.001 }) as never)(query);
    expect(value(gradient.isFinite().all())).toBe(1);
    const run = compile((q: Tensor) => queued(q).add(batched(q)));
    expect(value(await run(query))).toBeCloseTo(value(queued(query).add(batched(query))), 5);
    run.dispose();
  });
});

describe('what they refuse', () => {
  const [q, k, queue] = [rows(3, 4, 1), rows(3, 4, 2), rows(5, 4, 3)];

  test.each([
    [() => infoNCE(q, rows(2, 4, 1), queue, { temperature: 0.2 }), 'must both be [B, P]; got [3,4] and [2,4]'],
    [() => infoNCE(q, k, rows(5, 3, 3), { temperature: 0.2 }), 'the queue must be [K, 4] with K at least 1; got [5,3]'],
    [() => infoNCE(tf.zeros([4]), tf.zeros([4]), queue, { temperature: 0.2 }), 'got [4] and [4]'],
    [() => infoNCEInBatch(q, rows(3, 5, 1), { temperature: 0.2 }), 'got [3,4] and [3,5]'],
    [() => infoNCEInBatch(rows(1, 4, 1), rows(1, 4, 2), { temperature: 0.2 }), 'needs 2 images or more'],
  ])('shapes', (call, message) => {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });

  test.each([0, -1, Number.NaN])('temperature %d', temperature => {
    for (const call of [() => infoNCE(q, k, queue, { temperature }), () => infoNCEInBatch(q, k, { temperature })]) {
      expect(() => inContext({}, call)).toThrow(ConfigError);
      expect(call).toThrow(`temperature must be above 0; got ${temperature}`);
    }
  });
});
