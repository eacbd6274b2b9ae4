import { readFileSync } from 'node:fs';
import { type MethodPackage, resnet } from '@ssl/core';
import { expect, test } from 'vitest';
import { defaults, method, nnclrViews } from './index.ts';

const offered: MethodPackage = method;
const tiny = (inChannels: number) =>
  resnet('tiny', { block: 'basic', layers: [1], channels: [4] }, { stem: 'cifar', inChannels });

test('has the name, the defaults and ready recipes, the first one for small pictures', () => {
  expect(offered).toMatchObject({ spec: 1, name: 'nnclr', defaults });
  expect(Object.keys(offered.recipes)[0]).toBe('cifar');
  for (const recipe of Object.values(offered.recipes)) expect(recipe.warmupEpochs).toBeLessThan(recipe.epochs);
});

test.each(Object.keys(offered.viewPlans).flatMap(name => [1, 3].map(channels => [name, channels] as const)))(
  'builds a method with the views %s for %i channels',
  (name, channels) => {
    const plan = offered.viewPlans[name]!({ size: 16, channels });
    const recipe = offered.recipes.imagenet!;
    const built = offered.create({ backbone: tiny(channels), views: plan, recipe, seed: 1, queueSize: 32 });
    expect(built).toMatchObject({ name: 'nnclr', views: plan, recipe, config: { ...defaults, queueSize: 32 } });
    expect(plan.map(({ count, size }) => [count, size])).toEqual([[2, 16]]);
  },
);

test('small views are not blurred, drawings not flipped', () => {
  const opsOf = (name: string): string[] =>
    offered.viewPlans[name]!({ size: 32, channels: 3 })[0]!.ops.map(({ op }) => op);
  expect(offered.viewPlans.cifar!({ size: 32, channels: 3 })).toEqual(nnclrViews());
  expect(opsOf('cifar')).not.toContain('gaussianBlur');
  expect(opsOf('imagenet')).toContain('gaussianBlur');
  expect(opsOf('drawings')).not.toContain('horizontalFlip');
});

test('the README lists every setting with its default', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const table = [...readme.matchAll(/^\| `(\w+)` \| ([\d.]+)/gm)].map(([, name, value]) => [name, Number(value)]);
  expect(Object.fromEntries(table)).toEqual(defaults);
});
