import { readFileSync } from 'node:fs';
import { type Backbone, type MethodPackage, resnet } from '@ssl/core';
import { describe, expect, test } from 'vitest';
import { defaults, method, simclrViews } from './index.ts';

function tiny(inChannels: number): Backbone {
  return resnet('tiny', { block: 'basic', layers: [1], channels: [4] }, { stem: 'cifar', inChannels });
}

describe('the method package', () => {
  const offered: MethodPackage = method;

  test('has the name, the defaults and ready recipes, the first one for small pictures', () => {
    expect(offered).toMatchObject({ spec: 1, name: 'simclr', defaults });
    expect(Object.keys(offered.recipes)[0]).toBe('cifar');
    for (const recipe of Object.values(offered.recipes)) expect(recipe.warmupEpochs).toBeLessThan(recipe.epochs);
  });

  test.each(Object.keys(offered.viewPlans).flatMap(name => [1, 3].map(channels => [name, channels] as const)))(
    'builds a method with the views %s for %i channels',
    (name, channels) => {
      const plan = offered.viewPlans[name]!({ size: 16, channels });
      const recipe = offered.recipes.imagenet!;
      const built = offered.create({ backbone: tiny(channels), views: plan, recipe, seed: 1, temperature: 0.1 });
      expect(built).toMatchObject({ name: 'simclr', views: plan, recipe, config: { ...defaults, temperature: 0.1 } });
      expect(plan.map(({ count, size }) => [count, size])).toEqual([[2, 16]]);
    },
  );

  test('views without any given fit the backbone', () => {
    expect(offered.create({ backbone: tiny(1) }).views).toEqual(simclrViews({ channels: 1 }));
  });
});

test('the README lists every setting with its default', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = readme.matchAll(/^\| `(\w+)` \| (?:`'(\w+)'`|([\d.]+))/gm);
  const table = [...rows].map(([, name, word, number]) => [name, word ?? Number(number)]);
  expect(Object.fromEntries(table)).toEqual(defaults);
});
