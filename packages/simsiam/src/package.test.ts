import { readFileSync } from 'node:fs';
import { type Backbone, type MethodPackage, resnet } from '@ssl/core';
import { describe, expect, test } from 'vitest';
import { defaults, method, simsiamViews } from './index.ts';

const NARROW = { hiddenDim: 8, projectionDim: 4 };

function tiny(inChannels: number): Backbone {
  return resnet('tiny', { block: 'basic', layers: [1], channels: [4] }, { stem: 'cifar', inChannels });
}

describe('the method package', () => {
  const offered: MethodPackage = method;

  test('has the name, the defaults and ready recipes, the first one for small pictures', () => {
    expect(offered).toMatchObject({ spec: 1, name: 'simsiam', defaults });
    expect(Object.keys(offered.recipes)[0]).toBe('cifar');
    for (const recipe of Object.values(offered.recipes)) expect(recipe.warmupEpochs).toBeLessThan(recipe.epochs);
  });

  test.each(Object.keys(offered.viewPlans).flatMap(name => [1, 3].map(channels => [name, channels] as const)))(
    'builds a method with the views %s for %i channels',
    (name, channels) => {
      const plan = offered.viewPlans[name]!({ size: 16, channels });
      const recipe = offered.recipes.imagenet!;
      const built = offered.create({ backbone: tiny(channels), views: plan, recipe, ...NARROW });
      expect(built).toMatchObject({ name: 'simsiam', views: plan, recipe, config: { ...defaults, ...NARROW } });
      expect(plan.map(({ count, size }) => [count, size])).toEqual([[2, 16]]);
    },
  );

  test('views without any given fit the backbone', () => {
    expect(offered.create({ backbone: tiny(1), ...NARROW }).views).toEqual(simsiamViews({ channels: 1 }));
  });
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
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const table = [...readme.matchAll(/^\| `(\w+)` \| (\S+)/gm)].map(([, name, value]) => [name, JSON.parse(value!)]);
  expect(Object.fromEntries(table)).toEqual(defaults);
});
