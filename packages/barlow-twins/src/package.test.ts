import { describePackage, readmeSettings } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { barlowTwinsViews, defaults, method } from './index.ts';

describePackage(method, {
  name: 'barlow-twins',
  defaults,
  settings: { hiddenDim: 8, projectionDim: 4 },
  specs: [
    [1, 16],
    [1, 16],
  ],
  ownViews: barlowTwinsViews,
});

describe('views', () => {
  const opsOf = (options: Parameters<typeof barlowTwinsViews>[0]): string[][] =>
    barlowTwinsViews(options).map(({ ops }) => ops.map(({ op }) => op));

  test('from 64 pixels on both are blurred, the second is solarized too', () => {
    const [first, second] = opsOf({ size: 64 });
    expect(first).toContain('gaussianBlur');
    expect(first).not.toContain('solarize');
    expect(second).toEqual([...first!, 'solarize']);
  });

  test('small ones are not blurred; drawings are not flipped', () => {
    for (const ops of opsOf({})) expect(ops).not.toContain('gaussianBlur');
    for (const ops of opsOf({ flip: false })) expect(ops).not.toContain('horizontalFlip');
  });
});

test('the README lists every setting with its default', () => {
  expect(readmeSettings(import.meta.url)).toEqual(defaults);
});
