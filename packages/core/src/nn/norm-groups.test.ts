import { expect, test } from 'vitest';
import { ShapeError } from '../errors.ts';
import { inContext } from '../tensor/context.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { gradientError } from '../testing/index.ts';
import { batchNorm } from './layers.ts';
import { stateOf } from './module.ts';

const difference = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().dataSync()[0]!;
const inGroups = (groups: number, body: () => Tensor): Tensor =>
  inContext({ training: true, normGroups: groups }, body);
const running = (norm: ReturnType<typeof batchNorm>, name: string): number[] =>
  [...stateOf(norm.members).get(name)!.values()] as number[];

test.each([
  [[6, 3], 3],
  [[7, 2, 2, 3], 2],
] as const)('each part of [%s] in %i groups has its own statistics', (shape, groups) => {
  const x = normal(rngFromSeed(1), shape, 0.5, 2);
  const [whole, ...apart] = Array.from({ length: groups + 1 }, () => batchNorm(3));
  const sizes = shape[0] === 7 ? [3, 4] : [2, 2, 2];
  const expected = tf.concat(tf.split(x, sizes).map((part, i) => inGroups(1, () => apart[i]!(part))));
  expect(
    difference(
      inGroups(groups, () => whole!(x)),
      expected,
    ),
  ).toBeLessThan(1e-6);
  for (const name of ['running_mean', 'running_var']) {
    const parts = apart.map(norm => running(norm, name));
    for (const [channel, value] of running(whole!, name).entries()) {
      expect(value).toBeCloseTo(parts.reduce((sum, part) => sum + part[channel]!, 0) / groups, 5);
    }
  }
});

test('its gradient is that of central differences, and evaluation knows no groups', () => {
  const norm = batchNorm(2);
  const x = normal(rngFromSeed(2), [8, 2]);
  expect(gradientError(rows => inGroups(2, () => norm(rows!)), [x])).toBeLessThan(1e-2);
  const evaluated = inContext({ normGroups: 4 }, () => norm(x));
  expect(difference(evaluated, norm(x))).toBe(0);
});

test('groups of one row are refused', () => {
  expect(() => inGroups(4, () => batchNorm(2)(tf.zeros([7, 2])))).toThrow(ShapeError);
  expect(() => inGroups(4, () => batchNorm(2)(tf.zeros([7, 2])))).toThrow('4 groups need 8 images or more; got 7');
});
