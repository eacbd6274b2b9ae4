import { describePackage, kitVit, readmeSettings } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { defaults, method } from './index.ts';

describePackage(method, {
  name: 'ijepa',
  defaults,
  settings: { predictorDim: 8, predictorDepth: 1 },
  backbone: inChannels => kitVit({ inChannels, imgSize: 16, classToken: false }),
  specs: [[1, 16]],
});

test('views are crops alone', () => {
  for (const plan of Object.values(method.viewPlans)) {
    expect(plan({ size: 32, channels: 3 })[0]!.ops.map(({ op }) => op)).toEqual(['randomResizedCrop']);
  }
});

test('the README lists every setting that is one number or word with its default', () => {
  const single = Object.entries(defaults).filter(([, value]) => !Array.isArray(value));
  expect(readmeSettings(import.meta.url)).toEqual(Object.fromEntries(single));
});
