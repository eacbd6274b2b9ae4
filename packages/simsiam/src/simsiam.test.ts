import {
  type Backbone,
  type Batch,
  ConfigError,
  inContext,
  type Method,
  normal,
  type Progress,
  parametersOf,
  resnet,
  rngFromSeed,
  stateOf,
  type Tensor,
  tf,
  type ViewPlan,
  valueAndGradients,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { describeMethod } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import {
  cifar,
  defaults,
  imagenet,
  negativeCosineSimilarity,
  type SimSiamOptions,
  simsiam,
  simsiamViews,
} from './index.ts';

const NARROW = { hiddenDim: 32, projectionDim: 24, predictorHiddenDim: 8 };

describeMethod('simsiam', {
  make: ({ backbone, seed }) => simsiam({ backbone, seed, ...NARROW, views: simsiamViews({ size: 8 }) }),
  training: { fall: 0.3, learningRate: 0.05 },
});

const D = 12;
const tiny = (): Backbone =>
  resnet('tiny', { block: 'basic', layers: [1, 1], channels: [6, D] }, { stem: 'cifar', zeroInitLast: false, seed: 1 });
const make = (options: Partial<SimSiamOptions> = {}): Method => simsiam({ backbone: tiny(), ...NARROW, ...options });

const NOW = {} as Progress;
const rng = rngFromSeed(6);
const [first, second, third] = [1, 2, 3].map(() => normal(rng, [6, 8, 8, 3])) as [Tensor, Tensor, Tensor];
const batchOf = (a: Tensor, b: Tensor): Batch => ({ views: [a, b], indices: tf.range(0, 6, 1, 'int32'), drawn: {} });
const training = <R>(body: () => R): R => inContext({ training: true }, body);
const encode = (method: Method, a = first, b = second) =>
  training(() => method.parts!.encode(batchOf(a, b), NOW)) as Record<string, Tensor>;
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const distance = (a: Tensor, b: Tensor): number => value(a.sub(b).abs().max());

describe('the heads', () => {
  const shapesOf = (method: Method, name: string): (readonly number[])[] =>
    parametersOf({ member: method.trained[name]! }).map(({ shape }) => shape);

  test.each([
    [{}, [[D, 32], [32], [32], [32, 32], [32], [32], [32, 24]]],
    [{ layers: 2 }, [[D, 32], [32], [32], [32, 24]]],
    [{ layers: 1 }, [[D, 24]]],
  ])('%o: a norm after every layer of the projection head, the last without scale and offset', (options, expected) => {
    const method = make(options);
    expect(shapesOf(method, 'head')).toEqual(expected);
    const { projection1 } = encode(method);
    expect(value(projection1!.mean(0).abs().max())).toBeLessThan(1e-5);
    expect(value(projection1!.square().mean(0).sub(1).abs().max())).toBeLessThan(0.05);
  });

  test("the predictor's last layer has a bias and no norm", () => {
    expect(shapesOf(make(), 'predictor')).toEqual([[24, 8], [8], [8], [8, 24], [24]]);
  });

  test('each view goes through the network alone, so that batch norm sees no other', () => {
    const [one, other] = [encode(make()), encode(make(), first, third)];
    for (const name of ['projection1', 'prediction1']) expect(distance(one[name]!, other[name]!)).toBe(0);
    expect(distance(one.projection2!, other.projection2!)).toBeGreaterThan(0.1);
  });
});

describe('the step', () => {
  test('its loss is the mean of both directions, each from the prediction of one view to the projection of the other', () => {
    const { projection1, projection2, prediction1, prediction2 } = encode(make());
    const { loss } = training(() => make().step(batchOf(first, second), NOW));
    const towards = (p: Tensor, z: Tensor): number => value(negativeCosineSimilarity(p, z));
    const expected = (towards(prediction1!, projection2!) + towards(prediction2!, projection1!)) / 2;
    expect(value(loss)).toBeCloseTo(expected, 5);
    const straight = (towards(prediction1!, projection1!) + towards(prediction2!, projection2!)) / 2;
    expect(Math.abs(straight - expected)).toBeGreaterThan(0.01);
  });

  test('no gradient flows through the targets', () => {
    const method = make();
    const head = parametersOf({ head: method.trained.head! });
    const gradientsOf = (loss: () => Tensor): Tensor[] => valueAndGradients(() => training(loss), head).gradients;
    const { projection1, projection2 } = encode(method);
    const fixed = gradientsOf(() => {
      const { prediction1, prediction2 } = method.parts!.encode(batchOf(first, second), NOW);
      const losses = [
        negativeCosineSimilarity(prediction1!, projection2!),
        negativeCosineSimilarity(prediction2!, projection1!),
      ];
      return tf.addN(losses).div(2);
    });
    const step = gradientsOf(() => method.step(batchOf(first, second), NOW).loss);
    for (const [i, gradient] of step.entries()) expect(distance(gradient, fixed[i]!)).toBeLessThan(1e-6);
  });
});

describe("the predictor's rate", () => {
  const ratesOf = (options: Partial<SimSiamOptions>): Record<string, number | undefined> => {
    const method = make(options);
    const groups = method.groups!(0.1, imagenet);
    const rate = (variable: Parameters<(typeof groups)[number]['match']>[0]) =>
      groups.find(({ match }) => match(variable))?.fixedLearningRate;
    return Object.fromEntries([...stateOf(method.trained)].map(([name, variable]) => [name, rate(variable)]));
  };

  test("is the run's largest, and of the predictor alone", () => {
    for (const [name, rate] of Object.entries(ratesOf({}))) {
      expect([name, rate]).toEqual([name, name.startsWith('predictor.') ? 0.1 : undefined]);
    }
  });

  test('follows the schedule where that is asked for', () => {
    expect(new Set(Object.values(ratesOf({ fixPredictorRate: false })))).toEqual(new Set([undefined]));
  });
});

describe('settings', () => {
  test('all that were resolved are kept', () => {
    expect(make().config).toEqual({ ...defaults, ...NARROW });
    expect(make().recipe).toBe(cifar);
  });

  const plan = (count: number): ViewPlan => views([{ ...simsiamViews({ size: 8 })[0]!, count }]);

  test.each([
    [{ layer: 2 }, "there is no setting 'layer'; did you mean 'layers'?"],
    [{ layers: 0 }, 'layers must be a whole number of at least 1; got 0'],
    [{ hiddenDim: 0.5 }, 'hiddenDim must be a whole number of at least 1; got 0.5'],
    [{ projectionDim: 0 }, 'projectionDim must be a whole number of at least 1; got 0'],
    [{ predictorHiddenDim: -2 }, 'predictorHiddenDim must be a whole number of at least 1; got -2'],
    [{ fixPredictorRate: 1 }, "'fixPredictorRate' must be a boolean"],
    [{ views: plan(3) }, 'views must be two; got 3'],
  ])('%o is refused', (options: object, message) => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  });
});
