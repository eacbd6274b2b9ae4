import { ConfigError, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { ijepaLoss, normalizeTokens } from './index.ts';
import { parity } from './parity.ts';

describeParity('ijepa', parity);

const draw = (seed: number, ...shape: number[]): Tensor => normal(rngFromSeed(seed), shape);
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;

describe('the loss', () => {
  const at = (difference: number, loss: 'smooth-l1' | 'mse'): number =>
    value(ijepaLoss(tf.fill([1, 2, 3], difference), tf.zeros([1, 2, 3]), { loss }));

  test.each([
    [0, 0, 0],
    [0.5, 0.125, 0.25],
    [-0.5, 0.125, 0.25],
    [1, 0.5, 1],
    [-3, 2.5, 9],
  ])('of a difference of %d', (difference, smooth, squared) => {
    expect(at(difference, 'smooth-l1')).toBeCloseTo(smooth, 6);
    expect(at(difference, 'mse')).toBeCloseTo(squared, 6);
  });

  test('of normalised tokens that have nothing to do with each other', () => {
    const [a, b] = [1, 2].map(seed => normalizeTokens(draw(seed, 20, 50, 64)));
    expect(value(ijepaLoss(a!, b!, { loss: 'mse' }))).toBeCloseTo(2, 1);
    expect(value(ijepaLoss(a!, b!, { loss: 'smooth-l1' }))).toBeCloseTo(0.74, 1);
  });

  test.each(['smooth-l1', 'mse'] as const)('gradient by differences, %s', loss => {
    const targets = draw(3, 2, 4, 5);
    expect(gradientError(p => ijepaLoss(p!, targets, { loss }), [draw(4, 2, 4, 5)])).toBeLessThan(1e-2);
  });
});

test('normalised tokens have mean 0 and deviation 1, and those of one number are 0', () => {
  const tokens = normalizeTokens(draw(5, 2, 3, 16).mul(7).add(3));
  expect(value(tokens.mean(-1).abs().max())).toBeLessThan(1e-5);
  expect(value(tokens.square().mean(-1).sub(1).abs().max())).toBeLessThan(1e-4);
  expect(
    value(
      normalizeTokens(tf.fill([1, 1, 8], 2.5))
        .abs()
        .max(),
    ),
  ).toBe(0);
});

describe('what is refused', () => {
  test.each([
    [
      [1, 2, 3],
      [1, 3, 3],
    ],
    [
      [2, 3],
      [2, 3],
    ],
    [
      [1, 0, 3],
      [1, 0, 3],
    ],
  ])('[%s] and [%s]', (predictions, targets) => {
    const call = (): Tensor => ijepaLoss(tf.zeros(predictions), tf.zeros(targets), { loss: 'mse' });
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(`must both be [B, M, D]; got [${predictions}] and [${targets}]`);
  });

  test('another loss', () => {
    const call = (): Tensor => ijepaLoss(tf.zeros([1, 1, 2]), tf.zeros([1, 1, 2]), { loss: 'l2' as 'mse' });
    expect(call).toThrow(ConfigError);
    expect(call).toThrow("loss must be 'smooth-l1' or 'mse'; got 'l2'");
  });
});
