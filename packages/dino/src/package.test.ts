import { describePackage, readmeSettings } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { defaults, dinoViews, method } from './index.ts';

describePackage(method, {
  name: 'dino',
  defaults,
  settings: { outputDim: 32, hiddenDim: 16, bottleneckDim: 8 },
  ownViews: ({ channels }) => dinoViews({ channels }),
});

const plan = (name: string, size = 32) => method.viewPlans[name]!({ size, channels: 3 });
const shapes = (name: string, size?: number) => plan(name, size).map(({ count, size }) => [count, size]);
const opsOf = (name: string, size?: number) => plan(name, size).flatMap(({ ops }) => ops.map(({ op }) => op));

test('counts and sizes: the paper’s at 224, and patches of 4 fit those of small pictures', () => {
  expect(shapes('imagenet', 224)).toEqual([
    [1, 224],
    [1, 224],
    [8, 96],
  ]);
  expect(shapes('cifar')).toEqual([
    [1, 32],
    [1, 32],
    [6, 16],
  ]);
  expect(shapes('drawings')).toEqual([
    [1, 32],
    [1, 32],
    [4, 20],
  ]);
});

test('small views are not blurred; drawings are neither mirrored nor solarized', () => {
  expect(opsOf('imagenet', 224)).toContain('gaussianBlur');
  expect(opsOf('cifar')).not.toContain('gaussianBlur');
  expect(opsOf('cifar')).toContain('solarize');
  for (const op of ['gaussianBlur', 'horizontalFlip', 'solarize']) expect(opsOf('drawings')).not.toContain(op);
});

test('the README lists every setting with its default', () => {
  expect(readmeSettings(import.meta.url)).toEqual(defaults);
});
