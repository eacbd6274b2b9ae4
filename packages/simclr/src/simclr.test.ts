import {
  type Backbone,
  type Batch,
  byteTensor,
  ConfigError,
  compile,
  inContext,
  type Method,
  normal,
  type Progress,
  parametersOf,
  resnet,
  rngFromSeed,
  type StepInput,
  stateOf,
  stepKey,
  type Tensor,
  tf,
  trainStep,
  type ViewPlan,
  valueAndGradients,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { sgd } from '@ssl/core/optim';
import { describe, expect, test } from 'vitest';
import { cifar, dcl, dclw, defaults, ntXent, type SimCLROptions, simclr, simclrViews } from './index.ts';

const D = 12;

/** Blocks do not start as the identity here: the convolutions of those that do have a gradient of 0 at first. */
function tiny(inChannels = 3): Backbone {
  const shape = { block: 'basic', layers: [1, 1], channels: [6, D] } as const;
  return resnet('tiny', shape, { stem: 'cifar', inChannels, zeroInitLast: false, seed: 3 });
}

function make(options: Partial<SimCLROptions> = {}): Method {
  return simclr({ backbone: tiny(), views: simclrViews({ size: 8 }), seed: 4, ...options });
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

  test.each(['ntxent', 'dcl', 'dclw'] as const)('every trained parameter gets a gradient: %s', loss => {
    const [model, batch] = [make({ loss }), pair()];
    const trained = parametersOf(model.trained);
    const { gradients } = valueAndGradients(() => lossOf(model, batch), trained);
    expect(trained).toHaveLength(gradients.length);
    for (const [i, { name }] of trained.entries()) {
      expect([name, value(gradients[i]!.abs().max()) > 1e-7]).toEqual([name, true]);
    }
    expect(model.carried).toBeUndefined();
  });

  test('the same seed gives the same loss, another one another', () => {
    const [once, again, other] = [{}, {}, { seed: 5 }].map(options => value(lossOf(make(options), pair())));
    expect(again).toBe(once);
    expect(Math.abs(other! - once!)).toBeGreaterThan(1e-3);
  });

  test('it reads nothing to the host: it compiles, and equals itself run op by op', async () => {
    const [model, { views: both, ...rest }] = [make(), pair()];
    const run = compile((first: Tensor, second: Tensor) => lossOf(model, { ...rest, views: [first, second] }));
    const compiled = await run(both[0]!, both[1]!);
    expect(value(compiled)).toBeCloseTo(value(lossOf(model, { ...rest, views: both })), 5);
    run.dispose();
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

  test('features are [B, D], projections [B, P], and neither depends on the rest of the batch', () => {
    const model = make({ projectionDim: 16 });
    const images = normal(rngFromSeed(6), [5, 8, 8, 3]);
    const [features, projections] = [model.embed(images), model.project!(images)];
    expect([features.shape, projections.shape]).toEqual([
      [5, D],
      [5, 16],
    ]);
    const alone = model.embed(images.slice([0, 0, 0, 0], [1, -1, -1, -1]));
    expect(
      value(
        alone
          .sub(features.slice([0, 0], [1, -1]))
          .abs()
          .max(),
      ),
    ).toBeLessThan(1e-5);
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

/** `[count, size, size, 3]`: a square of one colour on a ground of another, so that a part still tells which picture it is of. */
function squares(count: number, size: number): Uint8Array {
  const colour = (picture: number, channel: number, inside: boolean): number =>
    (picture * 97 + channel * 61 + (inside ? 130 : 0) + picture * channel * 29) % 256;
  return Uint8Array.from({ length: count * size * size * 3 }, (_, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % size, Math.floor(i / (3 * size)) % size];
    const inside = [x, y].every(place => place >= size / 4 && place < (3 * size) / 4);
    return colour(Math.floor(i / (3 * size * size)), channel, inside);
  });
}

function inputOf(images: Tensor, step: number): StepInput {
  const [count, size] = images.shape as [number, number];
  return {
    images,
    sizes: tf.fill([count, 2], size),
    indices: tf.range(0, count, 1, 'int32'),
    labels: [],
    drawn: {},
    key: stepKey(0, step),
    learningRate: tf.scalar(0.1),
    weightDecay: tf.scalar(1e-4),
    update: tf.scalar(step + 1),
    fraction: tf.scalar(0),
    epoch: tf.scalar(0),
    scheduled: {},
  };
}

test('a short compiled training lowers the loss', async () => {
  const step = trainStep(make({ views: simclrViews({ size: 8 }) }), { optimizer: sgd() });
  const images = byteTensor(squares(16, 8), [16, 8, 8, 3]);
  const losses: number[] = [];
  for (let n = 0; n < 100; n++) losses.push(value((await step.run(inputOf(images, n))).loss!));
  expect(step.run.graphs).toBe(1);
  step.dispose();
  const mean = (part: readonly number[]): number => part.reduce((sum, loss) => sum + loss, 0) / part.length;
  expect(mean(losses.slice(-8))).toBeLessThan(mean(losses.slice(0, 8)) - 0.3); // by 0.46 to 0.81 with the keys of eight other runs
});
