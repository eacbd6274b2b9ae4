import {
  type Batch,
  ConfigError,
  inContext,
  type Method,
  normal,
  type Progress,
  rngFromSeed,
  stateOf,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { arrayDataset, views } from '@ssl/core/data';
import { describeMethod, diagnosesOf, kitBackbone, kitData } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { cifar, dcl, dclw, defaults, ntXent, type SimCLROptions, simclr, simclrViews } from './index.ts';

const D = 12;

function make(options: Partial<SimCLROptions> = {}): Method {
  return simclr({ backbone: kitBackbone(), views: simclrViews({ size: 8 }), seed: 4, ...options });
}

function pair(seed = 5, pictures = 6): Batch {
  const rng = rngFromSeed(seed);
  const images = normal(rng, [pictures, 8, 8, 3]);
  const changed = images.add(normal(rng, images.shape, 0, 0.3));
  return { views: [images, changed], indices: tf.range(0, pictures, 1, 'int32'), drawn: {} };
}

const start = (): Progress => ({ fraction: tf.scalar(0), epoch: tf.scalar(0), scheduled: {} });

function lossOf(model: Method, batch: Batch): Tensor {
  return inContext({ training: true }, () => model.step(batch, start()).loss);
}

const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const shapesOf = (model: Method): (readonly number[])[] =>
  [...stateOf({ head: model.trained.head! }).values()]
    .filter(({ shape }) => shape.length === 2)
    .map(({ shape }) => shape);

describeMethod('simclr', { make: ({ backbone, seed }) => make({ backbone, seed }) });
describeMethod('simclr, decoupled and weighed', {
  make: ({ backbone, seed }) => make({ backbone, seed, loss: 'dclw', temperature: 0.2 }),
});

describe('the step', () => {
  test('its loss is NT-Xent of the projections of both views in one pass', () => {
    const [model, batch] = [make(), pair()];
    const { loss, features } = inContext({ training: true }, () => model.step(batch, start()));
    const z = inContext({ training: true }, () => model.project!(tf.concat([...batch.views])));
    expect(features!.shape).toEqual([12, D]);
    expect(value(loss)).toBeCloseTo(value(ntXent(z, { temperature: 0.5 })), 5);
  });

  test.each(['dcl', 'dclw'] as const)('or %s, with the temperature and sigma that are set', loss => {
    const settings = { temperature: 0.2, sigma: 0.1 };
    const [model, batch] = [make({ loss, ...settings }), pair()];
    const z = inContext({ training: true }, () => model.project!(tf.concat([...batch.views])));
    const expected = value((loss === 'dcl' ? dcl : dclw)(z, settings));
    expect(value(lossOf(model, batch))).toBeCloseTo(expected, 5);
    expect(Math.abs(expected - value(ntXent(z, settings)))).toBeGreaterThan(0.01);
  });
});

describe('the head', () => {
  test.each([
    [
      {},
      [
        [D, D],
        [D, 128],
      ],
    ],
    [
      { hiddenDim: 32, projectionDim: 16 },
      [
        [D, 32],
        [32, 16],
      ],
    ],
    [
      { layers: 3, projectionDim: 16 },
      [
        [D, D],
        [D, D],
        [D, 16],
      ],
    ],
    [{ layers: 1, projectionDim: 16 }, [[D, 16]]],
  ])('%o makes linear layers %j', (options, expected) => {
    expect(shapesOf(make(options))).toEqual(expected);
  });
});

describe('settings', () => {
  test('all that were resolved are kept', () => {
    expect(make().config).toEqual(defaults);
    expect(make({ temperature: 0.1 }).config).toEqual({ ...defaults, temperature: 0.1 });
    expect(make().recipe).toBe(cifar);
  });

  test('the temperature reaches the loss', () => {
    const [warm, cold] = [0.5, 0.1].map(temperature => value(lossOf(make({ temperature }), pair())));
    expect(Math.abs(warm! - cold!)).toBeGreaterThan(0.01);
  });

  const refused = (options: object, message: string): void => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  };

  test('an unknown one is refused, the nearest one named', () => {
    refused({ temprature: 0.1 }, "there is no setting 'temprature'; did you mean 'temperature'?");
  });

  test.each([
    [{ temperature: 0 }, 'temperature must be above 0; got 0'],
    [{ sigma: -1 }, 'sigma must be above 0; got -1'],
    [{ loss: 'dlc' }, "loss must be one of ntxent, dcl, dclw; got 'dlc'"],
    [{ loss: 'toString' }, "got 'toString'"],
    [{ loss: 3 }, "'loss' must be a string"],
    [{ temperature: '0.5' }, "'temperature' must be a number"],
    [{ layers: 0 }, 'layers must be a whole number of at least 1; got 0'],
    [{ projectionDim: 0.5 }, 'projectionDim must be a whole number of at least 1; got 0.5'],
    [{ hiddenDim: -1 }, 'hiddenDim must be a whole number of at least 0; got -1'],
  ])('%o is refused', refused);

  test('other than two views of one size are refused', () => {
    const [{ ops }] = simclrViews({ size: 8 }) as [ViewPlan[number]];
    refused({ views: views([{ count: 3, size: 8, ops }]) }, 'views must be two of one size; got 3 of 8 pixels');
    const unequal = [8, 12].map(size => ({ count: 1, size, ops }));
    refused({ views: views(unequal) }, 'got 2 of 8 and 12 pixels');
  });
});

describe('how it fails', () => {
  const found = async (options: Partial<SimCLROptions>, learningRate = 0.05, data = kitData()): Promise<string[]> => {
    const diagnoses = await diagnosesOf(make(options), data, { learningRate, epochs: 50 });
    return diagnoses.map(({ name }) => name);
  };

  test('a sound run shows nothing', async () => {
    expect(await found({})).toEqual([]);
  });

  test.each(['ntxent', 'dcl'] as const)('%s at a temperature of 1,000 is stuck', async loss => {
    expect(await found({ loss, temperature: 1000 })).toContain('loss-stuck');
  });

  test('steps far too large: the features shrink to few dimensions', async () => {
    expect(await found({}, 100)).toContain('rank-falls');
  });

  test('images that are copies of one: the features are one', async () => {
    const copies = arrayDataset({
      name: 'copies',
      data: new Uint8Array(16 * 8 * 8 * 3),
      width: 8,
      height: 8,
      channels: 3,
    });
    expect(await found({}, 0.05, copies)).toEqual(['collapse', 'loss-stuck']);
  });
});
