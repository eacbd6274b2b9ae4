import { type Backbone, ConfigError, type MethodPackage, resnet, type ViewPlan } from '@ssl/core';
import { readmeSettings } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { crossEntropyDefaults, crossEntropyViews, defaults, method, supConViews } from './index.ts';

function tiny(inChannels: number): Backbone {
  return resnet('tiny', { block: 'basic', layers: [1], channels: [4] }, { stem: 'cifar', inChannels });
}

const offered: MethodPackage = method;

describe('the method package', () => {
  test('has the name, the defaults and ready recipes, the first one for small pictures', () => {
    const all = { objective: 'contrastive', ...defaults, ...crossEntropyDefaults };
    expect(offered).toMatchObject({ spec: 1, name: 'supcon', defaults: all });
    expect(Object.keys(offered.recipes)[0]).toBe('cifar');
    for (const recipe of Object.values(offered.recipes)) expect(recipe.warmupEpochs).toBeLessThan(recipe.epochs);
  });

  test.each(Object.keys(offered.viewPlans).flatMap(name => [1, 3].map(channels => [name, channels] as const)))(
    'builds both methods with the views %s for %i channels',
    (name, channels) => {
      const plan = offered.viewPlans[name]!({ size: 16, channels });
      const shared = { views: plan, recipe: offered.recipes.imagenet!, seed: 1 };
      const built = offered.create({ backbone: tiny(channels), ...shared, temperature: 0.1 });
      expect(built).toMatchObject({ name: 'supcon', views: plan, config: { ...defaults, temperature: 0.1 } });
      const baseline = offered.create({ backbone: tiny(channels), ...shared, objective: 'cross-entropy', classes: 7 });
      expect(baseline).toMatchObject({ name: 'supervised', views: plan, config: { classes: 7, labelSmoothing: 0 } });
      expect(plan.map(({ count, size }) => [count, size])).toEqual([[name === 'crop' ? 1 : 2, 16]]);
    },
  );

  test('each objective has views and a recipe of its own', () => {
    expect(offered.usual!({})).toEqual({});
    const { views, recipe } = offered.usual!({ objective: 'cross-entropy' });
    expect(offered.viewPlans).toHaveProperty(views!);
    expect(offered.recipes).toHaveProperty(recipe!);
  });

  test.each([
    [{ objective: 'crossentropy' }, "objective must be one of contrastive, cross-entropy; got 'crossentropy'"],
    [{ objective: 'cross-entropy' }, 'classes must be a whole number of at least 2; got 0'],
    [{ objective: 'cross-entropy', classes: 3, temperature: 0.1 }, "there is no setting 'temperature'"],
    [{ classes: 3 }, "there is no setting 'classes'"],
  ])('%o is refused', (settings, message) => {
    expect(() => offered.create({ backbone: tiny(3), ...settings })).toThrow(ConfigError);
    expect(() => offered.create({ backbone: tiny(3), ...settings })).toThrow(message);
  });

  test('views without any given fit the backbone', () => {
    expect(offered.create({ backbone: tiny(1) }).views).toEqual(supConViews({ channels: 1 }));
    const baseline = offered.create({ backbone: tiny(1), objective: 'cross-entropy', classes: 2 });
    expect(baseline.views).toEqual(crossEntropyViews({ channels: 1 }));
  });
});

describe('views', () => {
  const opsOf = (plan: ViewPlan): string[] => plan[0]!.ops.map(({ op }) => op);

  test('are those of main_supcon.py for small pictures', () => {
    expect(supConViews()[0]).toMatchObject({
      count: 2,
      size: 32,
      ops: [
        { op: 'randomResizedCrop', scale: [0.2, 1], ratio: [3 / 4, 4 / 3] },
        { op: 'horizontalFlip', p: 0.5 },
        {
          op: 'colorJitter',
          brightness: [0.6, 1.4],
          contrast: [0.6, 1.4],
          saturation: [0.6, 1.4],
          hue: [-0.1, 0.1],
          p: 0.8,
        },
        { op: 'grayscale', p: 0.2 },
      ],
    });
  });

  test('large ones are blurred and cropped closer; drawings are not flipped; there can be any number', () => {
    const [large] = supConViews({ size: 224, count: 4 });
    expect(large).toMatchObject({ count: 4, size: 224 });
    expect(large!.ops[0]).toMatchObject({ scale: [0.08, 1] });
    expect(opsOf([large!])).toContain('gaussianBlur');
    for (const plan of [supConViews({ flip: false }), crossEntropyViews({ flip: false })]) {
      expect(opsOf(plan)).not.toContain('horizontalFlip');
    }
  });

  test('the baseline has one, cropped and flipped', () => {
    const [view] = crossEntropyViews();
    expect(view).toMatchObject({ count: 1, size: 32 });
    expect(view!.ops).toMatchObject([
      { op: 'randomResizedCrop', scale: [0.2, 1] },
      { op: 'horizontalFlip', p: 0.5 },
    ]);
    expect(crossEntropyViews({ size: 224 })[0]!.ops[0]).toMatchObject({ scale: [0.08, 1] });
  });
});

test('the README lists every setting with its default', () => {
  expect(readmeSettings(import.meta.url)).toEqual(method.defaults);
});
