import { readFileSync } from 'node:fs';
import type { MethodPackage } from '@ssl/core';
import { describePackage } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { defaults, method, mocoViews, versions } from './index.ts';

const offered: MethodPackage = method;

describePackage(offered, { name: 'moco', defaults, settings: { queueSize: 32 } });

describe('versions', () => {
  test.each([1, 2, 3])('what goes with version %i is there', version => {
    const { views = 'cifar', recipe = 'cifar' } = offered.usual!({ version });
    expect(offered.viewPlans[views]!({ size: 32, channels: 3 })).toEqual(mocoViews({ version }));
    expect(offered.recipes).toHaveProperty(recipe);
  });
});

describe('views', () => {
  const opsOf = (options: Parameters<typeof mocoViews>[0]): string[][] =>
    mocoViews(options).map(({ ops }) => ops.map(({ op }) => op));
  const cropOf = (options: Parameters<typeof mocoViews>[0]) =>
    mocoViews(options)[0]!.ops.find(({ op }) => op === 'randomResizedCrop');

  test('large ones are those of the code; small ones have no blur and smaller crops', () => {
    expect(opsOf({ version: 1, size: 224 })).toEqual([
      ['randomResizedCrop', 'grayscale', 'colorJitter', 'horizontalFlip'],
    ]);
    expect(opsOf({ size: 224 })).toEqual([
      ['randomResizedCrop', 'colorJitter', 'grayscale', 'gaussianBlur', 'horizontalFlip'],
    ]);
    expect(opsOf({ version: 3, size: 224 })[1]).toEqual(expect.arrayContaining(['gaussianBlur', 'solarize']));
    for (const version of [1, 2, 3]) {
      expect(cropOf({ version, size: 224 })).toMatchObject({ scale: [0.2, 1] });
      expect(cropOf({ version })).toMatchObject({ scale: [0.08, 1] });
      expect(opsOf({ version }).flat()).not.toContain('gaussianBlur');
      expect(opsOf({ version, flip: false }).flat()).not.toContain('horizontalFlip');
    }
  });

  test('an unknown version is refused', () => {
    expect(() => mocoViews({ version: 0 })).toThrow('version must be 1, 2 or 3; got 0');
  });
});

test('the README lists every setting with the defaults of each version', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| `(\w+)` \| (\S+) \| (\S+) \| (\S+) \|/gm)];
  for (const version of [1, 2, 3]) {
    const table = Object.fromEntries(rows.map(row => [row[1], row[version + 1]]));
    const own = Object.entries(versions[version]!).filter(([name]) => name !== 'version');
    expect(table).toEqual(Object.fromEntries(own.map(([name, value]) => [name, String(value)])));
  }
});
