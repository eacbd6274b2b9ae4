import {
  type Backbone,
  ConfigError,
  inContext,
  normal,
  type Progress,
  parametersOf,
  type Recipe,
  resnet,
  rngFromSeed,
  stateOf,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { colorJitter, randomResizedCrop, views } from '@ssl/core/data';
import { describeMethod, diagnosesOf, kitViews, kitWaves } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { type BarlowTwinsOptions, barlowTwins, barlowTwinsViews, cifar, defaults, imagenet } from './index.ts';

const NARROW = { hiddenDim: 32, projectionDim: 16 };

describeMethod('barlow-twins', {
  make: ({ backbone, seed }) => barlowTwins({ backbone, seed, ...NARROW, views: barlowTwinsViews({ size: 8 }) }),
  training: { fall: 2, learningRate: 0.03 },
});

const D = 12;
const tiny = (): Backbone =>
  resnet('tiny', { block: 'basic', layers: [1, 1], channels: [6, D] }, { stem: 'cifar', zeroInitLast: false, seed: 1 });
const make = (options: Partial<BarlowTwinsOptions> = {}) => barlowTwins({ backbone: tiny(), ...NARROW, ...options });
const NOW = {} as Progress;

describe('the head', () => {
  const shapesOf = (options: Partial<BarlowTwinsOptions>): (readonly number[])[] =>
    parametersOf({ head: make(options).trained.head! }).map(({ shape }) => shape);

  test.each([
    [{}, [[D, 32], [32], [32], [32, 32], [32], [32], [32, 16]]],
    [{ layers: 2 }, [[D, 32], [32], [32], [32, 16]]],
    [{ layers: 1 }, [[D, 16]]],
  ])('%o: a norm after all linear layers but the last, no bias anywhere', (options, expected) => {
    expect(shapesOf(options)).toEqual(expected);
  });
});

test('each view goes through the network alone, so that batch norm sees no other', () => {
  const { parts } = make();
  const rng = rngFromSeed(6);
  const [first, second, third] = [1, 2, 3].map(() => normal(rng, [6, 8, 8, 3]));
  const encode = (a: Tensor, b: Tensor): Tensor =>
    inContext({ training: true }, () => {
      const batch = { views: [a, b], indices: tf.range(0, 6, 1, 'int32'), drawn: {} };
      return parts!.encode(batch, NOW).za!;
    });
  expect(encode(first!, second!).sub(encode(first!, third!)).abs().max().dataSync()[0]).toBe(0);
});

describe('rates', () => {
  const rated = (recipe: Recipe, options: Partial<BarlowTwinsOptions> = {}): Record<string, number> => {
    const method = make(options);
    const groups = method.groups!(1.6, recipe);
    const parameters = [...stateOf(method.trained)].filter(([, { kind }]) => kind === 'param');
    const scale = (variable: (typeof parameters)[number][1]): number =>
      groups.reduce((all, group) => all * (group.match(variable) ? group.learningRateScale! : 1), 1);
    return Object.fromEntries(parameters.map(([name, variable]) => [name, scale(variable)]));
  };

  test('under LARS biases and norms learn at 0.0048 for 0.2 of the weights', () => {
    const rates = rated(imagenet);
    expect(rates['head.0.weight']).toBe(1);
    for (const [name, rate] of Object.entries(rates)) {
      if (rate !== 1) expect(rate * imagenet.learningRate, name).toBeCloseTo(0.0048, 10);
    }
    expect(Object.keys(rates).filter(name => rates[name] !== 1)).toContain('head.1.weight');
    expect(rated(imagenet, { biasRate: 1 })['head.1.weight']).toBe(1);
  });

  test('under SGD at the same', () => {
    expect(new Set(Object.values(rated(cifar)))).toEqual(new Set([1]));
  });
});

describe('settings', () => {
  test('all that were resolved are kept, and reach the loss', () => {
    expect(make().config).toEqual({ ...defaults, ...NARROW });
    const images = [1, 2].map(seed => normal(rngFromSeed(seed), [6, 8, 8, 3]));
    const batch = { views: images, indices: tf.range(0, 6, 1, 'int32'), drawn: {} };
    const [weak, strong] = [0.005, 0.5].map(lambda =>
      inContext({ training: true }, () => make({ lambda }).step(batch, NOW).loss.dataSync()[0]!),
    );
    expect(strong! - weak!).toBeGreaterThan(1);
  });

  const plan = (count: number): ViewPlan => views([{ ...barlowTwinsViews({ size: 8 })[0]!, count }]);

  test.each([
    [{ lamda: 0.1 }, "there is no setting 'lamda'; did you mean 'lambda'?"],
    [{ lambda: -1 }, 'lambda must be 0 or above; got -1'],
    [{ biasRate: -0.1 }, 'biasRate must be 0 or above; got -0.1'],
    [{ lambda: '0.1' }, "'lambda' must be a number"],
    [{ layers: 0 }, 'layers must be a whole number of at least 1; got 0'],
    [{ hiddenDim: 0.5 }, 'hiddenDim must be a whole number of at least 1; got 0.5'],
    [{ projectionDim: 0 }, 'projectionDim must be a whole number of at least 1; got 0'],
    [{ views: plan(3) }, 'views must be two; got 3'],
  ])('%o is refused', (options: object, message) => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  });
});

describe('how it fails', () => {
  const jitter = colorJitter({ brightness: 0.9, contrast: 0.9, saturation: 0.9, hue: 0.5, p: 1 });
  const harsh = views([{ count: 2, size: 8, ops: [randomResizedCrop({ scale: [0.01, 0.03] }), jitter] }]);

  const found = async (settings: Partial<BarlowTwinsOptions>, recipe: Partial<Recipe> = {}): Promise<string[]> => {
    const diagnoses = await diagnosesOf(
      make({ projectionDim: 32, lambda: 0.05, views: kitViews, ...settings }),
      kitWaves(),
      { learningRate: 0.03, batchSize: 64, epochs: 20, ...recipe },
    );
    return diagnoses.map(({ name }) => name);
  };

  test('a sound run shows nothing', async () => {
    expect(await found({})).toEqual([]);
  });

  test.each<[string, Partial<BarlowTwinsOptions>, Partial<Recipe>]>([
    ['views-unrelated', { views: harsh }, {}],
    ['redundant-dimensions', { lambda: 0 }, {}],
    ['batch-too-small', {}, { batchSize: 4, epochs: 2 }],
    ['rank-falls', {}, { learningRate: 30, epochs: 40 }],
  ])('%s', async (name, settings, recipe) => {
    expect(await found(settings, recipe)).toEqual([name]);
  });
});
