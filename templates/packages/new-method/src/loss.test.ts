import { ConfigError, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { acrossRanks, describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { alignment, newMethodLoss, uniformity } from './index.ts';
import { parity } from './parity.ts';

const options = { sharpness: 2, uniformity: 1 };
const rows = (count: number, seed: number): Tensor => normal(rngFromSeed(seed), [count, 5]);
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;

describeParity('new-method', parity);

describe('closed forms', () => {
  test('alignment is 0 for equal views and 4 for opposite ones', () => {
    const z = rows(4, 1);
    expect(value(alignment(z, z.mul(3)))).toBeCloseTo(0, 5);
    expect(value(alignment(z, z.neg()))).toBeCloseTo(4, 5);
  });

  test('uniformity is 0 when all are one, and −2t when all are at right angles', () => {
    expect(value(uniformity(tf.ones([6, 3]), 2))).toBeCloseTo(0, 4);
    expect(value(uniformity(tf.eye(4), 2))).toBeCloseTo(-4, 5);
  });
});

describe('properties', () => {
  test('neither the length of rows nor the order of images matters', () => {
    const [a, b] = [rows(6, 1), rows(6, 2)];
    const order = tf.tensor1d([3, 0, 5, 1, 4, 2], 'int32');
    const loss = value(newMethodLoss(a, b, options));
    expect(value(newMethodLoss(a.mul(7), b, options))).toBeCloseTo(loss, 4);
    expect(value(newMethodLoss(tf.gather(a, order), tf.gather(b, order), options))).toBeCloseTo(loss, 5);
  });

  test('the gradient is that of central differences', () => {
    expect(gradientError((a, b) => newMethodLoss(a!, b!, options), [rows(4, 1), rows(4, 2)])).toBeLessThan(1e-2);
  });

  test('two ranks give what one gives', () => {
    const z = rows(6, 3);
    const split = acrossRanks(2, rank => uniformity(tf.slice(z, 3 * rank, 3), 2));
    for (const each of split) expect(value(each)).toBeCloseTo(value(uniformity(z, 2)), 5);
  });
});

describe('what is refused', () => {
  test('shapes that are no two views', () => {
    expect(() => alignment(rows(3, 1), rows(4, 1))).toThrow(ShapeError);
    expect(() => uniformity(rows(1, 1), 2)).toThrow('[B, P] with B at least 2; got [1,5]');
  });

  test('a sharpness of 0', () => {
    expect(() => uniformity(rows(3, 1), 0)).toThrow(ConfigError);
  });
});
