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
  type Tensor,
  tf,
  type ViewPlan,
  valueAndGradients,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { describeMethod } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { type BYOLOptions, byol, byolLoss, byolViews, cifar, defaults } from './index.ts';

const NARROW = { hiddenDim: 32, projectionDim: 16, predictorHiddenDim: 24 };

describeMethod('byol', {
  make: ({ backbone, seed }) => byol({ backbone, seed, ...NARROW, momentum: 0.9, views: byolViews({ size: 8 }) }),
  training: { fall: 0.25, learningRate: 0.05 },
});

const D = 12;
const tiny = (): Backbone =>
  resnet('tiny', { block: 'basic', layers: [1, 1], channels: [6, D] }, { stem: 'cifar', zeroInitLast: false, seed: 1 });
const make = (options: Partial<BYOLOptions> = {}): Method => byol({ backbone: tiny(), ...NARROW, ...options });

const rng = rngFromSeed(6);
const [first, second, third] = [1, 2, 3].map(() => normal(rng, [6, 8, 8, 3])) as [Tensor, Tensor, Tensor];
const batchOf = (a: Tensor, b: Tensor): Batch => ({ views: [a, b], indices: tf.range(0, 6, 1, 'int32'), drawn: {} });
const at = (momentum: number): Progress => ({
  fraction: tf.scalar(0),
  epoch: tf.scalar(0),
  scheduled: { momentum: tf.scalar(momentum) },
});
const training = <R>(body: () => R): R => inContext({ training: true }, body);
const encode = (method: Method, a = first, b = second) =>
  training(() => method.parts!.encode(batchOf(a, b), at(0.9))) as Record<string, Tensor>;
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const distance = (a: Tensor, b: Tensor): number => value(a.sub(b).abs().max());

describe('the networks', () => {
  const shapesOf = (member: Method['trained'][string]): (readonly number[])[] =>
    parametersOf({ member }).map(({ shape }) => shape);

  test('heads have a norm after the hidden layer; the last layer has neither norm nor bias', () => {
    const { trained, carried } = make();
    expect(shapesOf(trained.head!)).toEqual([[D, 32], [32], [32], [32, 16]]);
    expect(shapesOf(trained.predictor!)).toEqual([[16, 24], [24], [24], [24, 16]]);
    expect(Object.keys(carried!)).toEqual(['teacherBackbone', 'teacherHead']);
  });

  test('the teacher starts as a copy of the student', () => {
    const { projection1, projection2, target1, target2 } = encode(make());
    expect([distance(projection1!, target1!), distance(projection2!, target2!)]).toEqual([0, 0]);
  });

  test('only the student has the predictor', () => {
    const method = make();
    const { projection1, prediction1, target2 } = encode(method);
    expect(distance(projection1!, prediction1!)).toBeGreaterThan(0.1);
    for (const variable of parametersOf({ predictor: method.trained.predictor! })) {
      variable.assign(variable.read().mul(1.5));
    }
    const changed = encode(method);
    expect(distance(changed.prediction1!, prediction1!)).toBeGreaterThan(0.1);
    expect(distance(changed.target2!, target2!)).toBe(0);
  });

  test('each view goes through each network alone, so that batch norm sees no other', () => {
    const [one, other] = [encode(make()), encode(make(), first, third)];
    for (const name of ['projection1', 'prediction1', 'target1']) expect(distance(one[name]!, other[name]!)).toBe(0);
    expect(distance(one.target2!, other.target2!)).toBeGreaterThan(0.1);
  });
});

describe('the step', () => {
  test('adds the losses of both directions, each from one view to the other', () => {
    const [{ prediction1, prediction2, target1, target2 }, { loss }] = [
      encode(make()),
      training(() => make().step(batchOf(first, second), at(0.9))),
    ];
    const expected = value(byolLoss(prediction1!, target2!)) + value(byolLoss(prediction2!, target1!));
    expect(value(loss)).toBeCloseTo(expected, 5);
    const straight = value(byolLoss(prediction1!, target1!)) + value(byolLoss(prediction2!, target2!));
    expect(Math.abs(straight - expected)).toBeGreaterThan(0.01);
  });

  test('no gradient reaches the teacher, and the student gets none through its targets', () => {
    const method = make();
    const head = parametersOf({ head: method.trained.head! });
    const gradientsOf = (loss: () => Tensor): Tensor[] => valueAndGradients(() => training(loss), head).gradients;
    const step = gradientsOf(() => method.step(batchOf(first, second), at(0.9)).loss);
    const { target1, target2 } = encode(method);
    const given = gradientsOf(() => {
      const { prediction1, prediction2 } = method.parts!.encode(batchOf(first, second), at(0.9));
      return byolLoss(prediction1!, target2!).add(byolLoss(prediction2!, target1!));
    });
    for (const [i, gradient] of step.entries()) expect(distance(gradient, given[i]!)).toBeLessThan(1e-6);
    const teacher = parametersOf(method.carried!);
    const reach = () =>
      valueAndGradients(() => training(() => method.step(batchOf(first, second), at(0.9)).loss), teacher);
    expect(reach).toThrow('must depend on every trained variable');
  });

  test('metrics: agreement is 1 while the teacher is the student, and falls when the student moves', () => {
    const method = make();
    const agreement = (): number =>
      value(training(() => method.step(batchOf(first, second), at(0.9))).metrics!.teacherAgreement!);
    expect(agreement()).toBeCloseTo(1, 5);
    for (const variable of parametersOf({ head: method.trained.head! })) {
      variable.assign(variable.read().add(normal(rngFromSeed(9), variable.shape, 0, 0.2)));
    }
    expect(agreement()).toBeLessThan(0.95);
  });
});

describe('the momentum', () => {
  test('rises from the setting to 1 over the run', () => {
    const { momentum } = make({ momentum: 0.9 }).schedules!;
    const values = [0, 25, 50, 100].map(step => momentum!({ step, steps: 100, stepsPerEpoch: 10 }));
    for (const [i, expected] of [0.9, 1 - 0.1 * 0.5 * (1 + Math.SQRT1_2), 0.95, 1].entries()) {
      expect(values[i]).toBeCloseTo(expected, 10);
    }
  });

  test.each([
    [0, 1],
    [0.75, 0.25],
    [1, 0],
  ])('after a step with %d the teacher has moved by a share of %d towards the student', (momentum, share) => {
    const method = make();
    const pairs = parametersOf({ b: method.trained.backbone!, h: method.trained.head! });
    for (const variable of pairs) variable.assign(variable.read().add(1));
    const before = parametersOf(method.carried!).map(variable => variable.read().clone());
    method.afterStep!(at(momentum));
    for (const [i, variable] of parametersOf(method.carried!).entries()) {
      const expected = before[i]!.add(pairs[i]!.read().sub(before[i]!).mul(share));
      expect(distance(variable.read(), expected)).toBeLessThan(1e-6);
    }
  });
});

describe('settings', () => {
  test('all that were resolved are kept', () => {
    expect(make().config).toEqual({ ...defaults, ...NARROW });
    expect(make().recipe).toBe(cifar);
  });

  const plan = (count: number): ViewPlan => views([{ ...byolViews({ size: 8 })[0]!, count }]);

  test.each([
    [{ momentun: 0.1 }, "there is no setting 'momentun'; did you mean 'momentum'?"],
    [{ momentum: -0.1 }, 'momentum must be from 0 to 1; got -0.1'],
    [{ momentum: 1.1 }, 'momentum must be from 0 to 1; got 1.1; 0.996 is usual'],
    [{ momentum: '0.9' }, "'momentum' must be a number"],
    [{ hiddenDim: 0.5 }, 'hiddenDim must be a whole number of at least 1; got 0.5'],
    [{ projectionDim: 0 }, 'projectionDim must be a whole number of at least 1; got 0'],
    [{ predictorHiddenDim: -2 }, 'predictorHiddenDim must be a whole number of at least 1; got -2'],
    [{ views: plan(3) }, 'views must be two; got 3'],
  ])('%o is refused', (options: object, message) => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  });
});
