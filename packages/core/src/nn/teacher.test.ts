import { expect, test } from 'vitest';
import { resnet } from '../backbones/index.ts';
import { ShapeError } from '../errors.ts';
import { inContext } from '../tensor/context.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { mlp } from './mlp.ts';
import { copyValues, moveTowards, parametersOf, stateOf } from './module.ts';

const shape = { block: 'basic', layers: [1], channels: [4] } as const;
const images = normal(rngFromSeed(1), [2, 8, 8, 3]);
const difference = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().dataSync()[0]!;

test('a twin starts with the same values, trained ones too, and goes its own way', () => {
  const net = resnet('tiny', shape, { stem: 'cifar', seed: 1 });
  inContext({ training: true }, () => net(images)); // moves the statistics
  for (const parameter of parametersOf(net.members)) parameter.assign(parameter.read().mul(1.1));
  const twin = net.twin();
  expect([twin.name, twin.outDim]).toEqual([net.name, net.outDim]);
  expect(difference(twin(images), net(images))).toBe(0);
  for (const parameter of parametersOf(net.members)) parameter.assign(parameter.read().mul(2));
  expect(difference(twin(images), net(images))).toBeGreaterThan(1e-3);
});

test('parameters move by the momentum, statistics stay', () => {
  const [target, source] = [1, 2].map(seed => mlp([3, 4, 2], { rng: rngFromSeed(seed) }));
  inContext({ training: true }, () => source!(normal(rngFromSeed(3), [5, 3])));
  const before = [...stateOf(target!.members).values()].map(variable => ({ variable, values: variable.values() }));
  const from = [...stateOf(source!.members).values()].map(variable => variable.values());
  moveTowards(target!.members, source!.members, tf.scalar(0.9));
  for (const [i, { variable, values }] of before.entries()) {
    const share = variable.kind === 'param' ? 0.9 : 1;
    const moved = variable.values();
    for (const [j, value] of values.entries())
      expect(moved[j]).toBeCloseTo(share * value + (1 - share) * from[i]![j]!, 6);
  }
});

test('networks that are not alike are refused', () => {
  const [a, b] = [4, 5].map(width => mlp([3, width, 2], { rng: rngFromSeed(1) }));
  expect(() => moveTowards(a!.members, b!.members, tf.scalar(0.9))).toThrow(ShapeError);
  expect(() => copyValues(a!.members, b!.members)).toThrow('must have the same variables');
});
