import { describePackage, readmeSettings } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { defaults, method, simsiamViews } from './index.ts';

describePackage(method, {
  name: 'simsiam',
  defaults,
  settings: { hiddenDim: 8, projectionDim: 4 },
  specs: [[2, 16]],
  ownViews: simsiamViews,
});

describe('views', () => {
  const opsOf = (options: Parameters<typeof simsiamViews>[0]): string[][] =>
    simsiamViews(options).map(({ ops }) => ops.map(({ op }) => op));

  test('from 64 pixels on they are those of the code', () => {
    expect(opsOf({ size: 64 })).toEqual([
      ['randomResizedCrop', 'colorJitter', 'grayscale', 'gaussianBlur', 'horizontalFlip'],
    ]);
  });

  test('small ones are not blurred; drawings are not flipped', () => {
    for (const ops of opsOf({})) expect(ops).not.toContain('gaussianBlur');
    for (const ops of opsOf({ flip: false })) expect(ops).not.toContain('horizontalFlip');
  });
});

test('the README lists every setting with its default', () => {
  expect(readmeSettings(import.meta.url)).toEqual(defaults);
});
