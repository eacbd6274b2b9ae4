import {
  type Batch,
  ConfigError,
  inContext,
  type Method,
  normal,
  type Progress,
  parametersOf,
  rngFromSeed,
  stateOf,
  type Tensor,
  tf,
  valueAndGradients,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { describeMethod, kitBackbone } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { cifar, defaults, type NNCLROptions, nearestNeighbours, nnclr, nnclrLoss, nnclrViews } from './index.ts';

const D = 12;

function make(options: Partial<NNCLROptions> = {}): Method {
  const narrow = { projectionDim: 6, hiddenDim: 16, predictorDim: 16, queueSize: 16 };
  return nnclr({ backbone: kitBackbone(), views: nnclrViews({ size: 8 }), seed: 4, ...narrow, ...options });
}

describeMethod('nnclr', {
  make: ({ backbone, seed }) => make({ backbone, seed }),
  training: { pictures: 32, steps: 120 },
});

function pair(pictures = 8): Batch {
  const rng = rngFromSeed(5);
  const images = normal(rng, [pictures, 8, 8, 3]);
  const changed = images.add(normal(rng, images.shape, 0, 0.3));
  return { views: [images, changed], indices: tf.range(0, pictures, 1, 'int32'), drawn: {} };
}

const start = (): Progress => ({ fraction: tf.scalar(0), epoch: tf.scalar(0), scheduled: {} });
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const difference = (a: Tensor, b: Tensor): number => value(a.sub(b).abs().max());
const inStep = <R>(body: () => R): R => inContext({ training: true }, body);
const carriedOf = (method: Method, name: string): Tensor => stateOf(method.carried!).get(name)!.read();

describe('the step', () => {
  test('the neighbour of each view looks for the prediction of the other; first views go into the support set', () => {
    const [model, batch] = [make(), pair()];
    const support = carriedOf(model, 'support').clone();
    const { z1, z2, p1, p2 } = inStep(() => model.parts!.encode(batch, start()));
    const { loss, features } = inStep(() => model.step(batch, start()));
    const one = (z: Tensor, p: Tensor): number =>
      value(nnclrLoss(nearestNeighbours(z, support).rows, p, { temperature: 0.1 }));
    expect(value(loss)).toBeCloseTo((one(z1!, p2!) + one(z2!, p1!)) / 2, 5);
    expect(features!.shape).toEqual([16, D]);
    expect(difference(tf.slice(carriedOf(model, 'support'), 0, 8), z1!)).toBeLessThan(1e-5);
    expect(difference(tf.slice(carriedOf(model, 'support'), 8, 8), tf.slice(support, 8, 8))).toBe(0);
    for (const length of z1!.square().sum(1).dataSync()) expect(length).toBeCloseTo(1, 5);
  });

  test('it tells how many neighbours are the picture itself', () => {
    const [model, batch] = [make({ queueSize: 8 }), pair()];
    const own = (indices: Tensor): number =>
      value(inStep(() => model.step({ ...batch, indices }, start()).metrics!.ownNeighbours!));
    const first = batch.indices;
    expect(own(first)).toBe(0); // nothing but random rows
    expect(own(first)).toBe(1); // the very same pictures
    expect(own(tf.add(first, 1))).toBe(0); // as near as before, but said to be others
  });

  test('the loss reaches the head through the predictor alone', () => {
    const [model, batch] = [make(), pair()];
    for (const variable of parametersOf({ predictor: model.trained.predictor! })) {
      if (variable.name === 'predictor.3.weight') variable.assign(variable.read().mul(0));
    }
    const head = parametersOf({ head: model.trained.head! });
    const { gradients } = inStep(() => valueAndGradients(() => model.step(batch, start()).loss, head));
    for (const gradient of gradients) expect(value(gradient.abs().max())).toBe(0);
  });
});

test('heads are those of the paper', () => {
  const model = nnclr({ backbone: kitBackbone(), queueSize: 16 });
  const shapes = (part: 'head' | 'predictor') =>
    [...stateOf({ [part]: model.trained[part]! })]
      .filter(([, { kind }]) => kind === 'param')
      .map(([name, { shape }]) => `${name} ${shape}`);
  expect(shapes('head').filter(line => !/\.[147]\./.test(line))).toEqual([
    `head.0.weight ${D},2048`,
    'head.3.weight 2048,2048',
    'head.6.weight 2048,256',
  ]);
  expect(shapes('head')).toContain('head.7.bias 256'); // a norm with scale and offset after the last layer too
  expect(shapes('predictor')).toEqual([
    'predictor.0.weight 256,4096',
    'predictor.1.weight 4096',
    'predictor.1.bias 4096',
    'predictor.3.weight 4096,256',
    'predictor.3.bias 256',
  ]);
  expect(model).toMatchObject({ config: { ...defaults, queueSize: 16 }, recipe: cifar, views: nnclrViews() });
});

describe('settings', () => {
  test.each([
    [{ temprature: 0.1 }, "there is no setting 'temprature'; did you mean 'temperature'?"],
    [{ temperature: 0 }, 'temperature must be above 0; got 0; 0.1 is usual'],
    [{ queueSize: 0 }, 'queueSize must be a whole number of at least 1; got 0'],
    [{ layers: 0.5 }, 'layers must be a whole number of at least 1; got 0.5'],
    [{ hiddenDim: 0 }, 'hiddenDim must be a whole number of at least 1; got 0'],
    [{ predictorDim: -1 }, 'predictorDim must be a whole number of at least 1; got -1'],
    [{ projectionDim: 0 }, 'projectionDim must be a whole number of at least 1; got 0'],
  ])('%o is refused', (options, message) => {
    expect(() => make(options as object)).toThrow(ConfigError);
    expect(() => make(options as object)).toThrow(message);
  });

  test('other than two views of one size, and a support set shorter than a batch', () => {
    const { ops } = nnclrViews({ size: 8 })[0]!;
    expect(() => make({ views: views([{ count: 3, size: 8, ops }]) })).toThrow('got 3 of 8 pixels');
    const short = make({ queueSize: 4 });
    expect(() => inStep(() => short.step(pair(), start()))).toThrow('takes [N, 6] with N at most 4');
  });
});
