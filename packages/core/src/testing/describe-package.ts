import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Backbone, resnet } from '../backbones/index.ts';
import type { ViewPlan } from '../data/index.ts';
import type { Json, MethodPackage } from '../method/index.ts';

export interface PackageKitOptions {
  readonly name: string;
  readonly defaults: { readonly [setting: string]: Json };
  /** What a small network needs: narrow heads, a short queue. */
  readonly settings?: { readonly [setting: string]: Json };
  /** A network for pictures of 16 pixels. Default: a small ResNet. */
  readonly backbone?: (inChannels: number) => Backbone;
  /** Count and size of each view spec that a plan has at 16 pixels: `[[2, 16]]`, or `[[1, 16], [1, 16]]` for two that differ. */
  readonly specs?: readonly (readonly [count: number, size: number])[];
  /** The views of a method that is given none. */
  readonly ownViews?: (options: { readonly channels: number }) => ViewPlan;
}

function smallResNet(inChannels: number): Backbone {
  return resnet('tiny', { block: 'basic', layers: [1], channels: [4] }, { stem: 'cifar', inChannels });
}

/** What a method package offers to the command line, as vitest's tests: defaults, recipes, and views for grey and coloured pictures. */
export function describePackage(offered: MethodPackage, kit: PackageKitOptions): void {
  const { name, defaults, settings = {}, specs, ownViews, backbone: tiny = smallResNet } = kit;

  describe('the method package', () => {
    test('has the name, the defaults and ready recipes, the first one for small pictures', () => {
      expect(offered).toMatchObject({ spec: 1, name, defaults });
      expect(Object.keys(offered.recipes)[0]).toBe('cifar');
      for (const recipe of Object.values(offered.recipes)) expect(recipe.warmupEpochs).toBeLessThan(recipe.epochs);
    });

    test.each(Object.keys(offered.viewPlans).flatMap(plan => [1, 3].map(channels => [plan, channels] as const)))(
      'builds a method with the views %s for %i channels',
      (plan, channels) => {
        const views = offered.viewPlans[plan]!({ size: 16, channels });
        const recipe = offered.recipes.imagenet!;
        const built = offered.create({ backbone: tiny(channels), views, recipe, seed: 1, ...settings });
        expect(built).toMatchObject({ name, views, recipe, config: { ...defaults, ...settings } });
        if (specs) expect(views.map(({ count, size }) => [count, size])).toEqual(specs);
      },
    );

    if (!ownViews) return;
    test('views without any given fit the backbone', () => {
      expect(offered.create({ backbone: tiny(1), ...settings }).views).toEqual(ownViews({ channels: 1 }));
    });
  });
}

/** The settings that the README beside `src` lists with their defaults: rows such as a name, then 0.5, true or a word in quotes. */
export function readmeSettings(testUrl: string): Record<string, Json> {
  const readme = readFileSync(new URL('../README.md', testUrl), 'utf8');
  const rows = readme.matchAll(/^\| `(\w+)` \| (?:`'([\w-]+)'`|([\d.]+|true|false))/gm);
  return Object.fromEntries([...rows].map(([, name, word, value]) => [name, word ?? (JSON.parse(value!) as Json)]));
}
