import {
  type Batch,
  byteTensor,
  ConfigError,
  inContext,
  type Method,
  normal,
  type Progress,
  parametersOf,
  rngFromSeed,
  stateOf,
  stepKey,
  type Tensor,
  tf,
  trainStep,
  valueAndGradients,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { adamw } from '@ssl/core/optim';
import { acrossRanks, describeMethod, kitBackbone, kitData } from '@ssl/core/testing';
import { pretrain } from '@ssl/core/train';
import { describe, expect, test } from 'vitest';
import { cifar, defaults, type SwAVOptions, sinkhorn, swav, swavLoss, swavViews } from './index.ts';

const NARROW = { hiddenDim: 16, projectionDim: 8, prototypes: 6, queueSize: 16 };
const small = swavViews({ size: 8, localSize: 6, localCount: 2 });

function make(options: Partial<SwAVOptions> = {}): Method {
  return swav({ backbone: kitBackbone(), views: small, seed: 4, ...NARROW, ...options });
}

describeMethod('swav', { make: ({ backbone, seed }) => make({ backbone, seed }) });
describeMethod('swav with a momentum encoder', {
  make: ({ backbone, seed }) => make({ backbone, seed, momentum: 0.9 }),
});

const at = (epoch: number): Progress => ({ fraction: tf.scalar(0), epoch: tf.scalar(epoch), scheduled: {} });
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const distance = (a: Tensor, b: Tensor): number => value(a.sub(b).abs().max());
const inStep = <R>(body: () => R): R => inContext({ training: true }, body);
const stateOfAll = (method: Method): Map<string, { read(): Tensor }> =>
  stateOf({ ...method.trained, ...method.carried });
const read = (method: Method, name: string): Tensor => stateOfAll(method).get(name)!.read();

function pictures(count = 8): Batch {
  const rng = rngFromSeed(5);
  const sizes = [8, 8, 6, 6];
  const made = sizes.map(size => normal(rng, [count, size, size, 3]));
  return { views: made, indices: tf.range(0, count, 1, 'int32'), drawn: {} };
}

describe('the step', () => {
  test('images are assigned by the large views, and every view predicts the others', () => {
    const [model, batch] = [make(), pictures()];
    const encoded = inStep(() => model.parts!.encode(batch, at(0)));
    expect(Object.keys(encoded)).toEqual(['features0', 'features1', ...[0, 1, 2, 3].map(i => `embedding${i}`)]);
    const { loss, features } = inStep(() => model.step(batch, at(0)));
    const prototypes = read(model, 'prototypes.weight');
    const scores = [0, 1, 2, 3].map(i => tf.matMul(encoded[`embedding${i}`] as never, prototypes as never) as Tensor);
    const assignments = scores.slice(0, 2).map(each => sinkhorn(each, { epsilon: 0.05, iterations: 3 }));
    expect(value(loss)).toBeCloseTo(value(swavLoss(scores, assignments, { temperature: 0.1 })), 4);
    expect(features!.shape).toEqual([16, 12]);
  });

  test('views of one size are normalised together, those of another apart; the head sees all', () => {
    const [model, { views: given, ...batch }] = [make(), pictures()];
    const rows = (changed: number): Record<string, Tensor> => {
      const other = given.map((view, i) => (i === changed ? view.mul(2).add(1) : view)) as Tensor[];
      return inStep(() => model.parts!.encode({ ...batch, views: other }, at(0)));
    };
    const [before, large, local] = [rows(-1), rows(1), rows(3)];
    expect(distance(large.features0!, before.features0!)).toBeGreaterThan(1e-3);
    expect(distance(local.features0!, before.features0!)).toBe(0);
    expect(distance(local.embedding0!, before.embedding0!)).toBeGreaterThan(1e-4);
  });

  test('prototypes have length 1 when made and at the start of each step', () => {
    const model = make();
    const lengths = (): Tensor => read(model, 'prototypes.weight').square().sum(0);
    expect(distance(lengths(), tf.ones([6]))).toBeLessThan(1e-5);
    const weight = parametersOf({ prototypes: model.trained.prototypes! })[0]!;
    weight.assign(weight.read().mul(3).add(0.1));
    model.beforeStep!(at(0));
    expect(distance(lengths(), tf.ones([6]))).toBeLessThan(1e-5);
  });

  test('prototypes learn only after the epochs in which they are frozen; all else from the first', () => {
    const model = make({ freezeEpochs: 2 });
    const gradients = { 'prototypes.weight': tf.ones([8, 6]), 'head.0.weight': tf.ones([12, 16]) };
    for (const [epoch, expected] of [
      [0, 0],
      [1, 0],
      [2, 1],
      [9, 1],
    ] as const) {
      const adjusted = model.adjustGradients!(gradients, at(epoch));
      expect(Object.keys(adjusted)).toEqual(['prototypes.weight']);
      expect(value(adjusted['prototypes.weight']!.max())).toBe(expected);
    }
  });

  test('training leaves frozen prototypes where they were, weight decay or not, and moves the others', async () => {
    for (const [freezeEpochs, moves] of [
      [1, false],
      [0, true],
    ] as const) {
      const model = make({ freezeEpochs });
      const before = read(model, 'prototypes.weight').clone();
      await trainFor(model, 3);
      model.beforeStep!(at(0)); // length is not direction: decay shortens, this makes up for it
      expect(distance(read(model, 'prototypes.weight'), before) > 1e-4).toBe(moves);
    }
  });
});

/** Steps of AdamW with decay, in the first epoch. */
async function trainFor(method: Method, steps: number): Promise<void> {
  const { run, dispose } = trainStep({ ...method, views: small }, { optimizer: adamw() });
  for (let i = 1; i <= steps; i++) {
    const metrics = await run({
      images: byteTensor(
        Uint8Array.from({ length: 8 * 8 * 8 * 3 }, (_, j) => (j * 37 * i) % 251),
        [8, 8, 8, 3],
      ),
      sizes: tf.fill([8, 2], 8),
      indices: tf.range(0, 8, 1, 'int32'),
      ...{ labels: [], drawn: {}, scheduled: {}, key: stepKey(0, i) },
      ...{ learningRate: tf.scalar(0.01), weightDecay: tf.scalar(0.1), update: tf.scalar(i) },
      ...{ fraction: tf.scalar(0), epoch: tf.scalar(0) },
    });
    tf.dispose(Object.values(metrics));
  }
  dispose();
}

describe('the queue', () => {
  const steps = (model: Method, epochs: readonly number[]): { used: number; filled: number }[] =>
    epochs.map(epoch => {
      const { metrics } = inStep(() => model.step(pictures(), at(epoch)));
      return { used: value(metrics!.queueUsed!), filled: value(read(model, 'queueFilled')) };
    });

  test('fills from its first epoch on and is used once it is full', () => {
    expect(steps(make({ queueStartEpoch: 2 }), [0, 1, 1, 2, 2, 2, 3])).toEqual([
      { used: 0, filled: 0 },
      { used: 0, filled: 0 },
      { used: 0, filled: 0 },
      { used: 0, filled: 8 },
      { used: 0, filled: 16 },
      { used: 1, filled: 16 },
      { used: 1, filled: 16 },
    ]);
  });

  test('holds the embeddings of both large views, which change how images are assigned', () => {
    const model = make({ queueStartEpoch: 0 });
    const { embedding0, embedding1 } = inStep(() => model.parts!.encode(pictures(), at(0)));
    const [first, second, third] = [0, 0, 0].map(epoch => value(inStep(() => model.step(pictures(), at(epoch))).loss));
    expect(distance(tf.slice(read(model, 'queue'), 0, 8), tf.concat([embedding0!, embedding1!], 1))).toBeLessThan(1e-5);
    expect(second).toBeCloseTo(first!, 5); // not full yet
    expect(third).toBeCloseTo(first!, 5); // the same pictures once more: each share is that of one of three
    const other = make({ queueStartEpoch: 0 });
    const noise = stateOf(other.carried!);
    noise.get('queueFilled')!.load(Float32Array.of(16));
    expect(Math.abs(value(inStep(() => other.step(pictures(), at(0))).loss) - first!)).toBeGreaterThan(1e-3);
  });

  test('two ranks with a full queue have the loss of one, and the same queue', () => {
    const full = (): Method => {
      const model = make({ queueStartEpoch: 0 });
      stateOf(model.carried!).get('queueFilled')!.load(Float32Array.of(16));
      return model;
    };
    const encoded = inStep(() => full().parts!.encode(pictures(), at(0)));
    const lossOf = (model: Method, part: (x: Tensor) => Tensor): Tensor => {
      const rows = Object.fromEntries(Object.entries(encoded).map(([name, x]) => [name, part(x)]));
      return inStep(
        () => model.parts!.loss(rows, { views: [], indices: part(pictures().indices), drawn: {} }, at(0)).loss,
      );
    };
    const each = acrossRanks(2, rank => lossOf(full(), x => tf.slice(x, 4 * rank, 4)));
    expect(value(tf.addN(each)) / 2).toBeCloseTo(value(lossOf(full(), x => x)), 5);
  });

  test('there is none with a size of 0', () => {
    const model = make({ queueSize: 0 });
    expect(model.carried).toEqual({});
    expect(value(inStep(() => model.step(pictures(), at(99))).metrics!.queueUsed!)).toBe(0);
  });
});

describe('the momentum encoder', () => {
  test('starts as a copy, assigns images, and follows', () => {
    const model = make({ momentum: 0.75 });
    expect(Object.keys(model.carried!)).toEqual([
      'queue',
      'queuePointer',
      'queueFilled',
      'teacherBackbone',
      'teacherHead',
      'teacherPrototypes',
    ]);
    const { views: given, ...batch } = pictures();
    const loss = (): number => value(inStep(() => model.step({ ...batch, views: given }, at(0))).loss);
    const large = { ...batch, views: given.slice(0, 2) }; // the head's norm then sees the same in both networks
    const of = (method: Method): number => value(inStep(() => method.step(large, at(0))).loss);
    expect(of(model)).toBeCloseTo(of(make()), 4);
    const weight = parametersOf({ head: model.trained.head! })[0]!;
    const teacher = parametersOf({ head: model.carried!.teacherHead! })[0]!;
    const before = teacher.read().clone();
    weight.assign(weight.read().add(1));
    model.afterStep!(at(0));
    expect(distance(teacher.read(), before.add(0.25))).toBeLessThan(1e-6);
    const moved = loss();
    teacher.assign(teacher.read().mul(-2));
    expect(Math.abs(loss() - moved)).toBeGreaterThan(1e-3);
  });

  test('gets no gradient', () => {
    const model = make({ momentum: 0.9 });
    const reach = () =>
      valueAndGradients(
        () => inStep(() => model.step(pictures(), at(0)).loss),
        parametersOf({ t: model.carried!.teacherHead! }),
      );
    expect(reach).toThrow('must depend on every trained variable');
    expect(make().afterStep).toBeUndefined();
  });
});

describe('settings', () => {
  test('all that were resolved are kept', () => {
    expect(make().config).toEqual({ ...defaults, ...NARROW });
    expect(make().recipe).toBe(cifar);
  });

  const plan = (...sizes: number[]) => views(sizes.map(size => ({ count: 1, size, ops: [] })));

  test.each<[object, string]>([
    [{ prototype: 6 }, "there is no setting 'prototype'; did you mean 'prototypes'?"],
    [{ prototypes: 1 }, 'prototypes must be a whole number of at least 2; got 1'],
    [{ projectionDim: 0.5 }, 'projectionDim must be a whole number of at least 1; got 0.5'],
    [{ iterations: 0 }, 'iterations must be a whole number of at least 1; got 0'],
    [{ queueSize: -1 }, 'queueSize must be a whole number of at least 0; got -1'],
    [{ freezeEpochs: 0.5 }, 'freezeEpochs must be a whole number of at least 0; got 0.5'],
    [{ temperature: 0 }, 'temperature must be above 0; got 0; 0.1 is usual'],
    [{ epsilon: -1 }, 'epsilon must be above 0; got -1; 0.05 is usual'],
    [{ momentum: 1 }, 'momentum must be from 0 to below 1; got 1'],
    [{ views: plan(8) }, 'the first two views must be of one size; got views of 8 pixels'],
    [{ views: plan(8, 6, 6) }, 'the first two views must be of one size; got views of 8, 6, 6 pixels'],
    [
      { views: swavViews({ size: 32, localSize: 96 }) },
      'the small views must not be larger than the first two; got views of 32, 32, 96',
    ],
  ])('%o is refused', (options, message) => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  });

  test.each<[Partial<SwAVOptions>, number, string]>([
    [{ prototypes: 25 }, 8, 'batchSize 8 and queueSize 16; got 25; use 24 or fewer, or a longer queue'],
    [{ prototypes: 17, queueSize: 0 }, 16, 'batchSize 16 and queueSize 0; got 17; use 16 or fewer'],
    [{}, 17, 'queueSize must be 0 or at least batchSize 17; got 16'],
  ])('%o with batches of %i is refused before anything is read', async (options, batchSize, message) => {
    const data = { ...kitData(), size: 64, image: () => Promise.reject(new Error('read')) };
    const run = pretrain({ method: make(options), data, out: 'never-made', recipe: { batchSize } });
    await expect(run).rejects.toThrow(message);
  });

  test('as many prototypes as images are not refused', () => {
    const model = make({ prototypes: 24 });
    expect(model.forRun!({ recipe: { ...cifar, batchSize: 8 }, images: 64 })).toBe(model);
  });
});
