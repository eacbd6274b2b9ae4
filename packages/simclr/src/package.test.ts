import { describePackage, readmeSettings } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { defaults, method, simclrViews } from './index.ts';

describePackage(method, {
  name: 'simclr',
  defaults,
  settings: { temperature: 0.1 },
  specs: [[2, 16]],
  ownViews: simclrViews,
});

test('the README lists every setting with its default', () => {
  expect(readmeSettings(import.meta.url)).toEqual(defaults);
});
