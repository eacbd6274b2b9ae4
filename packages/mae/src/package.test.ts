import { describePackage, kitVit, readmeSettings } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { defaults, method } from './index.ts';

describePackage(method, {
  name: 'mae',
  defaults,
  settings: { decoderDim: 8, decoderDepth: 1, decoderHeads: 2 },
  backbone: inChannels => kitVit({ inChannels, imgSize: 16 }),
  specs: [[1, 16]],
});

test('no view changes colours, and drawings are not flipped', () => {
  const opsOf = (name: string): string[] =>
    method.viewPlans[name]!({ size: 32, channels: 3 })[0]!.ops.map(({ op }) => op);
  expect(opsOf('cifar')).toEqual(['randomResizedCrop', 'horizontalFlip']);
  expect(opsOf('imagenet')).toEqual(opsOf('cifar'));
  expect(opsOf('drawings')).toEqual(['randomResizedCrop']);
});

test('the README lists every setting with its default', () => {
  expect(readmeSettings(import.meta.url)).toEqual(defaults);
});
