import {
  type Batch,
  ConfigError,
  inContext,
  type Method,
  normal,
  type Progress,
  parametersOf,
  rngFromSeed,
  type Tensor,
  tf,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { describeMethod, kitBackbone } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { cifar, defaults, type SupConOptions, supConLoss, supConViews, supcon } from './index.ts';

const D = 12;
const NOW = {} as Progress;

function make(options: Partial<SupConOptions> = {}): Method {
  return supcon({ backbone: kitBackbone(), views: supConViews({ size: 8 }), seed: 4, ...options });
}

function batchOf(sizes: readonly number[], labels: readonly number[]): Batch {
  const rng = rngFromSeed(5);
  const images = sizes.map(size => normal(rng, [labels.length, size, size, 3]));
  const numbers = tf.tensor1d([...labels], 'int32');
  return { views: images, indices: tf.range(0, labels.length, 1, 'int32'), drawn: {}, labels: numbers };
}

const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const training = <R>(body: () => R): R => inContext({ training: true }, body);

describeMethod('supcon', { make: ({ backbone, seed }) => make({ backbone, seed, projectionDim: 16 }) });
describeMethod('supcon with three views', {
  make: ({ backbone, seed }) =>
    make({ backbone, seed, projectionDim: 16, temperature: 0.2, views: supConViews({ size: 8, count: 3 }) }),
});

describe('the step', () => {
  const labels = [0, 1, 0, -1, 1, 0];

  test('its loss is that of the projections of both views in one pass, with both temperatures', () => {
    const [model, batch] = [make({ temperature: 0.2, baseTemperature: 0.1 }), batchOf([8, 8], labels)];
    const { loss, features, metrics } = training(() => model.step(batch, NOW));
    const z = training(() => model.project!(tf.concat([...batch.views])));
    const alone = supConLoss(z, batch.labels!, { temperature: 0.2 });
    expect(features!.shape).toEqual([12, D]);
    expect(value(loss)).toBeCloseTo(2 * value(alone), 4);
    expect(value(metrics!.classmates!)).toBeCloseTo((3 * 2 + 2 * 1) / 6, 5);
  });

  test('views of another size go through the network on their own', () => {
    const sizes = [8, 8, 12];
    const plan = views([8, 12].map(size => ({ ...supConViews({ size })[0]!, count: size === 8 ? 2 : 1 })));
    const [model, batch] = [make({ views: plan }), batchOf(sizes, labels)];
    const { loss, features } = training(() => model.step(batch, NOW));
    const [a, b, c] = batch.views as [Tensor, Tensor, Tensor];
    const z = training(() => tf.concat([model.project!(tf.concat([a, b])), model.project!(c)]));
    expect(features!.shape).toEqual([18, D]);
    expect(value(loss)).toBeCloseTo(value(supConLoss(z, batch.labels!, { temperature: 0.07 })), 4);
  });

  test('labels change it; without them it says what it needs', () => {
    const [model, batch] = [make(), batchOf([8, 8], labels)];
    const other = { ...batch, labels: tf.tensor1d([0, 0, 0, 1, 1, 1], 'int32') };
    const [first, second] = [batch, other].map(each => value(training(() => model.step(each, NOW).loss)));
    expect(Math.abs(first! - second!)).toBeGreaterThan(1e-3);
    const { labels: _, ...without } = batch;
    expect(() => training(() => model.step(without, NOW))).toThrow('supcon: learns from labels; got a batch without');
  });
});

test.each([
  [{}, [`0.weight ${D},${D}`, `0.bias ${D}`, `2.weight ${D},128`, '2.bias 128']],
  [{ hiddenDim: 32, projectionDim: 16 }, [`0.weight ${D},32`, '0.bias 32', '2.weight 32,16', '2.bias 16']],
  [{ layers: 1 }, [`0.weight ${D},128`, '0.bias 128']],
])('the head has no norm: %o', (options, expected) => {
  const shapes = parametersOf({ head: make(options).trained.head! }).map(({ shape }) => shape.join());
  expect(shapes).toEqual(expected.map(line => line.split(' ')[1]));
});

describe('settings', () => {
  test('all that were resolved are kept', () => {
    expect(make()).toMatchObject({ config: defaults, recipe: cifar, needsLabels: true });
    expect(make({ temperature: 0.1 }).config).toEqual({ ...defaults, temperature: 0.1 });
    expect(supcon({ backbone: kitBackbone() }).views).toEqual(supConViews());
  });

  test.each([
    [{ temprature: 0.1 }, "there is no setting 'temprature'; did you mean 'temperature'?"],
    [{ temperature: 0 }, 'supcon: temperature must be above 0; got 0'],
    [{ baseTemperature: -1 }, 'supcon: baseTemperature must be above 0; got -1'],
    [{ temperature: '0.5' }, "'temperature' must be a number"],
    [{ layers: 0 }, 'layers must be a whole number of at least 1; got 0'],
    [{ projectionDim: 0.5 }, 'projectionDim must be a whole number of at least 1; got 0.5'],
    [{ hiddenDim: -1 }, 'hiddenDim must be a whole number of at least 0; got -1'],
    [{ classes: 10 }, "there is no setting 'classes'"],
  ])('%o is refused', (options: object, message) => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  });
});
