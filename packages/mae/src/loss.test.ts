import { ConfigError, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { maeLoss, normalizePatches, patchify, patchStatistics, unpatchify } from './index.ts';
import { visiblePatches } from './loss.ts';
import { parity } from './parity.ts';

describeParity('mae', parity);

const draw = (seed: number, ...shape: number[]): Tensor => normal(rngFromSeed(seed), shape);
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;

describe('patches', () => {
  test('run row by row, and so do the numbers of each', () => {
    const picture = tf.range(0, 4 * 6 * 2).reshape([1, 4, 6, 2]);
    const cut = patchify(picture, 2).arraySync() as number[][][];
    expect([cut[0]!.length, cut[0]![0]!.length]).toEqual([6, 8]);
    expect(cut[0]![0]).toEqual([0, 1, 2, 3, 12, 13, 14, 15]);
    expect(cut[0]![4]!.slice(0, 2)).toEqual([28, 29]); // row 2, column 2
  });

  test.each([
    [[3, 4, 6, 1], 2],
    [[1, 9, 3, 3], 3],
    [[2, 4, 4, 3], 1],
  ])('of [%s] in patches of %i are put together again', (shape, patchSize) => {
    const pictures = draw(1, ...shape);
    const grid = [shape[1]! / patchSize, shape[2]! / patchSize] as const;
    const again = unpatchify(patchify(pictures, patchSize), { grid, patchSize });
    expect(value(again.sub(pictures).abs().max())).toBe(0);
  });

  test('normalised, each has mean 0 and deviation 1; of one colour, 0', () => {
    const rows = draw(2, 2, 3, 12).mul(7).add(3);
    const { mean, deviation } = patchStatistics(normalizePatches(rows));
    expect(value(mean.abs().max())).toBeLessThan(1e-5);
    expect(value(deviation.sub(1).abs().max())).toBeLessThan(1e-4);
    expect(
      value(
        normalizePatches(tf.fill([1, 1, 12], 0.25))
          .abs()
          .max(),
      ),
    ).toBe(0);
  });
});

describe('the loss', () => {
  const targets = normalizePatches(draw(3, 2, 5, 12));

  test('of the mean of a normalised patch is (n − 1) / n', () => {
    expect(value(maeLoss(tf.zeros([2, 5, 12]), targets))).toBeCloseTo(11 / 12, 4);
    expect(value(maeLoss(targets, targets))).toBe(0);
    expect(value(maeLoss(targets.add(3), targets))).toBeCloseTo(9, 4);
  });

  test('gradient by differences', () => {
    expect(gradientError(p => maeLoss(p!, targets), [draw(4, 2, 5, 12)])).toBeLessThan(1e-2);
  });

  test('is the mean over pictures, whose parts may stand on different ranks', () => {
    const predictions = draw(5, 2, 5, 12);
    const each = [0, 1].map(i => value(maeLoss(predictions.slice([i], [1]), targets.slice([i], [1]))));
    expect((each[0]! + each[1]!) / 2).toBeCloseTo(value(maeLoss(predictions, targets)), 5);
  });
});

describe('what is refused', () => {
  test.each<[string, () => unknown, string]>([
    ['a size', () => patchify(tf.zeros([1, 8, 9, 3]), 4), 'multiples of the patch size 4; got [1,8,9,3]'],
    ['no pictures', () => patchify(tf.zeros([8, 8, 3]), 4), 'takes [B, H, W, C]'],
    ['too few patches', () => unpatchify(tf.zeros([1, 3, 12]), { grid: [2, 2], patchSize: 2 }), 'takes [B, 4, C · 4]'],
    ['half a colour', () => unpatchify(tf.zeros([1, 4, 10]), { grid: [2, 2], patchSize: 2 }), 'got [1,4,10]'],
    ['unlike ones', () => maeLoss(tf.zeros([1, 4, 12]), tf.zeros([1, 3, 12])), 'got [1,4,12] and [1,3,12]'],
    ['none', () => maeLoss(tf.zeros([1, 0, 12]), tf.zeros([1, 0, 12])), 'of the hidden patches'],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });

  test('a ratio that leaves nothing on one side', () => {
    expect([visiblePatches(196, 0.75), visiblePatches(4, 0.75)]).toEqual([49, 1]);
    expect(() => visiblePatches(4, 0.8)).toThrow(ConfigError);
    expect(() => visiblePatches(4, Number.NaN)).toThrow('leaves none to guess');
  });
});
