import { describePackage, readmeSettings } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { defaults, method, nnclrViews } from './index.ts';

describePackage(method, { name: 'nnclr', defaults, settings: { queueSize: 32 }, specs: [[2, 16]] });

test('small views are not blurred, drawings not flipped', () => {
  const opsOf = (name: string): string[] =>
    method.viewPlans[name]!({ size: 32, channels: 3 })[0]!.ops.map(({ op }) => op);
  expect(method.viewPlans.cifar!({ size: 32, channels: 3 })).toEqual(nnclrViews());
  expect(opsOf('cifar')).not.toContain('gaussianBlur');
  expect(opsOf('imagenet')).toContain('gaussianBlur');
  expect(opsOf('drawings')).not.toContain('horizontalFlip');
});

test('the README lists every setting with its default', () => {
  expect(readmeSettings(import.meta.url)).toEqual(defaults);
});
