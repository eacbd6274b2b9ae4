import { describePackage, readmeSettings } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { defaults, method, swavViews } from './index.ts';

describePackage(method, {
  name: 'swav',
  defaults,
  settings: { prototypes: 6, queueSize: 32, hiddenDim: 16 },
  ownViews: ({ channels }) => swavViews({ channels }),
});

const planOf = (name: string, size: number) => method.viewPlans[name]!({ size, channels: 3 });
const sizesOf = (name: string, size: number): number[][] => planOf(name, size).map(spec => [spec.count, spec.size]);
const opsOf = (name: string): string[] => planOf(name, 32).flatMap(({ ops }) => ops.map(({ op }) => op));

test('views of the paper at 224 pixels, of solo-learn at 32, and larger small ones for drawings', () => {
  expect(sizesOf('imagenet', 224)).toEqual([
    [2, 224],
    [6, 96],
  ]);
  expect(sizesOf('cifar', 32)).toEqual([
    [1, 32],
    [1, 32],
    [6, 18],
  ]);
  expect(sizesOf('drawings', 32)).toEqual([
    [1, 32],
    [1, 32],
    [4, 20],
  ]);
});

test('drawings are neither mirrored nor turned from black on white to white on black', () => {
  expect(opsOf('cifar')).toEqual(expect.arrayContaining(['horizontalFlip', 'solarize']));
  expect(opsOf('drawings')).not.toContain('horizontalFlip');
  expect(opsOf('drawings')).not.toContain('solarize');
});

test('the README lists every setting with its default', () => {
  expect(readmeSettings(import.meta.url)).toEqual(defaults);
});
