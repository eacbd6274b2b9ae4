import { ConfigError, type Method } from '@ssl/core';
import { views } from '@ssl/core/data';
import { describeMethod, diagnosesOf, kitBackbone, kitData, readmeSettings } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { cifar, defaults, method, type NewMethodOptions, newMethod, newMethodViews } from './index.ts';

const NARROW = { hiddenDim: 16, projectionDim: 8, views: newMethodViews({ size: 8 }) };
const make = (options: Partial<NewMethodOptions> = {}): Method =>
  newMethod({ backbone: kitBackbone(), seed: 4, ...NARROW, ...options });

describeMethod('new-method', { make: ({ backbone, seed }) => make({ backbone, seed }) });

describe('settings', () => {
  test('all that were resolved are kept', () => {
    const { views: _, ...settings } = NARROW;
    expect(make().config).toEqual({ ...defaults, ...settings });
    expect(make().recipe).toBe(cifar);
  });

  test.each<[object, string]>([
    [{ sharpnes: 1 }, "there is no setting 'sharpnes'; did you mean 'sharpness'?"],
    [{ sharpness: 0 }, 'sharpness must be above 0; got 0'],
    [{ uniformity: -1 }, 'uniformity must be 0 or above; got -1'],
    [{ projectionDim: 0.5 }, 'projectionDim must be a whole number of at least 1; got 0.5'],
    [{ views: views([{ ...NARROW.views[0]!, count: 3 }]) }, 'views must be two of one size; got 3 of 8 pixels'],
  ])('%o is refused', (options, message) => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  });

  test('the command line gets every default, and the README lists them', () => {
    expect(method).toMatchObject({ name: 'new-method', defaults });
    expect(readmeSettings(import.meta.url)).toEqual(defaults);
  });
});

describe('how it fails', () => {
  const diagnosed = async (options: Partial<NewMethodOptions>): Promise<string[]> => {
    const found = await diagnosesOf(make(options), kitData(), { learningRate: 0.1, epochs: 100 });
    return found.map(({ name }) => name);
  };

  test('a sound run shows nothing', async () => {
    expect(await diagnosed({})).toEqual([]);
  });

  test('without uniformity the features collapse', async () => {
    expect(await diagnosed({ uniformity: 0 })).toEqual(['collapse']);
  });
});
