import { describePackage, readmeSettings } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { deepClusterViews, defaults, method } from './index.ts';

describePackage(method, {
  name: 'deepcluster',
  defaults: { ...defaults, clusters: [...defaults.clusters] },
  settings: { clusters: [4, 6], hiddenDim: 16 },
  ownViews: ({ channels }) => deepClusterViews({ channels }),
});

const planOf = (name: string, size: number) => method.viewPlans[name]!({ size, channels: 3 });
const sizesOf = (name: string, size: number): number[][] => planOf(name, size).map(spec => [spec.count, spec.size]);

test('views of the paper at 224 pixels, of solo-learn at 32, and two for drawings, neither mirrored nor solarized', () => {
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
  ]);
  const ops = planOf('drawings', 32).flatMap(spec => spec.ops.map(({ op }) => op));
  expect(ops).not.toContain('horizontalFlip');
  expect(ops).not.toContain('solarize');
});

test('the README lists every setting with its default', () => {
  const { clusters: _, ...numbers } = defaults;
  expect(readmeSettings(import.meta.url)).toEqual(numbers);
});
