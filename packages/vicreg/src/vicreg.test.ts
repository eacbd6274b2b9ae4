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
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { describeMethod, diagnosesOf, kitViews, kitWaves } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { cifar, defaults, type VICRegOptions, vicreg, vicregViews } from './index.ts';

const NARROW = { hiddenDim: 32, projectionDim: 16 };

/** LARS moves small networks too slowly for short trainings. */
const sgd: Recipe = { ...cifar, optimizer: 'sgd' };

describeMethod('vicreg', {
  make: ({ backbone, seed }) => vicreg({ backbone, seed, ...NARROW, views: vicregViews({ size: 8 }), recipe: sgd }),
  training: { fall: 2, learningRate: 0.003 }, // at ten times it rounding errors grow within the 80 steps
});

const D = 12;
const tiny = (): Backbone =>
  resnet('tiny', { block: 'basic', layers: [1, 1], channels: [6, D] }, { stem: 'cifar', zeroInitLast: false, seed: 1 });
const make = (options: Partial<VICRegOptions> = {}) => vicreg({ backbone: tiny(), ...NARROW, ...options });
const NOW = {} as Progress;

describe('the head', () => {
  const shapesOf = (options: Partial<VICRegOptions>): (readonly number[])[] =>
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

describe('settings', () => {
  test('all that were resolved are kept, and reach the loss', () => {
    expect(make().config).toEqual({ ...defaults, ...NARROW });
    const images = [1, 2].map(seed => normal(rngFromSeed(seed), [6, 8, 8, 3]));
    const batch = { views: images, indices: tf.range(0, 6, 1, 'int32'), drawn: {} };
    const losses = [{}, { invarianceWeight: 1 }, { varianceWeight: 1 }, { covarianceWeight: 9 }, { gamma: 2 }].map(
      changes => inContext({ training: true }, () => make(changes).step(batch, NOW).loss.dataSync()[0]!.toFixed(3)),
    );
    expect(new Set(losses).size).toBe(5);
  });

  const plan = (count: number): ViewPlan => views([{ ...vicregViews({ size: 8 })[0]!, count }]);

  test.each([
    [{ varianceWeigth: 1 }, "there is no setting 'varianceWeigth'; did you mean 'varianceWeight'?"],
    [{ invarianceWeight: -1 }, 'invarianceWeight must be 0 or above; got -1'],
    [{ varianceWeight: -1 }, 'varianceWeight must be 0 or above; got -1'],
    [{ covarianceWeight: '1' }, "'covarianceWeight' must be a number"],
    [{ gamma: 0 }, 'gamma must be above 0; got 0'],
    [{ epsilon: 0 }, 'epsilon must be above 0; got 0'],
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
  const found = async (settings: Partial<VICRegOptions>, recipe: Partial<Recipe> = {}): Promise<string[]> => {
    const diagnoses = await diagnosesOf(make({ projectionDim: 32, views: kitViews, ...settings }), kitWaves(), {
      optimizer: 'sgd',
      learningRate: 0.03,
      batchSize: 64,
      epochs: 20,
      ...recipe,
    });
    return diagnoses.map(({ name }) => name);
  };

  test('a sound run shows nothing', async () => {
    expect(await found({})).toEqual([]);
  });

  test.each<[string[], Partial<VICRegOptions>, Partial<Recipe>]>([
    [['shrinking', 'collapse'], { varianceWeight: 0 }, { epochs: 40 }],
    [['shrinking'], { varianceWeight: 1 }, {}],
    [['rank-falls', 'redundant-dimensions'], { covarianceWeight: 0 }, {}],
    [['batch-too-small'], {}, { batchSize: 4, epochs: 2 }],
  ])('%s', async (names, settings, recipe) => {
    expect(await found(settings, recipe)).toEqual(names);
  });
});
