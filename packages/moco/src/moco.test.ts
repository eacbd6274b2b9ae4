import {
  type Backbone,
  type Batch,
  ConfigError,
  copyValues,
  inContext,
  type Method,
  normal,
  type Progress,
  parametersOf,
  rngFromKey,
  rngFromSeed,
  ShapeError,
  stateOf,
  stepKey,
  type Tensor,
  tf,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { acrossRanks, describeMethod, kitBackbone, methodChecks } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import {
  cifar,
  cifarV3,
  infoNCE,
  infoNCEInBatch,
  inGroups,
  inShuffledGroups,
  type MoCoOptions,
  moco,
  mocoViews,
  versions,
} from './index.ts';

const D = 12;

function make(options: Partial<MoCoOptions> = {}): Method {
  const version = options.version ?? 2;
  const narrow = version === 3 ? { hiddenDim: 16 } : { queueSize: 16, shuffleGroups: 1 };
  return moco({
    ...{ backbone: kitBackbone(), views: mocoViews({ size: 8, version, minScale: 0.6 }), projectionDim: 6, seed: 4 },
    ...narrow,
    ...options,
  });
}

/** More pictures than the queue holds: else each query has its own picture among its negatives, and the loss rises as the queue fills. */
const training = { pictures: 64, steps: 160 };

for (const version of [1, 2, 3]) {
  describeMethod(`moco, version ${version}`, {
    make: ({ backbone, seed }) => make({ backbone, seed, version, momentum: 0.99, temperature: 0.1 }),
    viewsAlike: version === 3,
    training,
  });
}

describe('symmetric', () => {
  const kit = { make: (options: { backbone: Backbone; seed: number }) => make({ ...options, symmetric: true }) };
  const rules = methodChecks(kit).filter(({ name }) => /rank|views|gradient|compiled/.test(name));
  test.each(rules)('$name', ({ check }) => check());
  test('all rules were found', () => expect(rules).toHaveLength(5));
});

function pair(pictures = 8): Batch {
  const rng = rngFromSeed(5);
  const images = normal(rng, [pictures, 8, 8, 3]);
  const changed = images.add(normal(rng, images.shape, 0, 0.3));
  return { views: [images, changed], indices: tf.range(0, pictures, 1, 'int32'), drawn: {} };
}

const progress = (momentum = 0.9): Progress => ({
  ...{ fraction: tf.scalar(0), epoch: tf.scalar(0) },
  scheduled: { momentum: tf.scalar(momentum) },
});
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const difference = (a: Tensor, b: Tensor): number => value(a.sub(b).abs().max());
const inStep = <R>(body: () => R, step = 0): R =>
  inContext({ training: true, rng: rngFromKey(stepKey(0, step)) }, body);
const keysIn = (method: Method): Tensor => stateOf(method.carried!).get('keys')!.read();
const widths = (method: Method, part: string): (readonly number[])[] =>
  [...stateOf({ part: method.trained[part]! }).values()]
    .filter(({ shape }) => shape.length === 2)
    .map(({ shape }) => shape);
const namesOf = (method: Method, part: string): string[] => [...stateOf({ [part]: method.trained[part]! }).keys()];

describe('the step', () => {
  test('the loss is InfoNCE of the first view against keys of the second, before they are put in the queue', () => {
    const [model, batch] = [make(), pair()];
    const before = keysIn(model).clone();
    const { query1, key2 } = inStep(() => model.parts!.encode(batch, progress()));
    const { loss, features, metrics } = inStep(() => model.step(batch, progress()));
    expect(value(loss)).toBeCloseTo(value(infoNCE(query1!, key2!, before, { temperature: 0.2 })), 5);
    expect(features!.shape).toEqual([8, D]);
    expect(difference(tf.slice(keysIn(model), 0, 8), key2!)).toBeLessThan(1e-5);
    expect(difference(tf.slice(keysIn(model), 8, 8), tf.slice(before, 8, 8))).toBe(0);
    expect(stateOf(model.carried!).get('pointer')!.values()[0]).toBe(8);
    expect(value(metrics!.keyDistance!)).toBe(0);
  });

  test('keys come from the key encoder, queries from the query encoder', () => {
    const [model, batch] = [make(), pair()];
    const encode = (): Record<string, Tensor> => ({ ...inStep(() => model.parts!.encode(batch, progress())) });
    const before = encode();
    for (const variable of parametersOf({ head: model.trained.head! })) variable.assign(variable.read().mul(-2));
    const moved = encode();
    expect(difference(moved.key2!, before.key2!)).toBe(0);
    expect(difference(moved.query1!, before.query1!)).toBeGreaterThan(0.01);
    model.afterStep!(progress(0));
    expect(difference(encode().key2!, before.key2!)).toBeGreaterThan(0.01);
  });

  test('version 3: both views among the keys of the batch, and the predictor on queries alone', () => {
    const [model, batch] = [make({ version: 3 }), pair()];
    const { query1, query2, key1, key2 } = inStep(() => model.parts!.encode(batch, progress()));
    const { loss, features } = inStep(() => model.step(batch, progress()));
    const expected = infoNCEInBatch(query1!, key2!, { temperature: 1 }).add(
      infoNCEInBatch(query2!, key1!, { temperature: 1 }),
    );
    expect(value(loss)).toBeCloseTo(value(expected), 5);
    expect(features!.shape).toEqual([16, D]);
    expect(Object.keys(model.trained)).toEqual(['backbone', 'head', 'predictor']);
    expect(Object.keys(model.carried!)).toEqual(['keyBackbone', 'keyHead']);
    for (const variable of parametersOf({ predictor: model.trained.predictor! }))
      variable.assign(variable.read().mul(0));
    const without = inStep(() => model.parts!.encode(batch, progress()));
    expect(difference(without.key1!, key1!)).toBe(0);
    expect(value(without.query1!.abs().max())).toBe(0);
  });

  test('a symmetric step adds both losses and enqueues the keys of both views', () => {
    const [model, batch] = [make({ symmetric: true, queueSize: 20 }), pair()];
    const before = keysIn(model).clone();
    const { query1, query2, key1, key2 } = inStep(() => model.parts!.encode(batch, progress()));
    const { loss } = inStep(() => model.step(batch, progress()));
    const one = (q: Tensor, k: Tensor): number => value(infoNCE(q, k, before, { temperature: 0.2 }));
    expect(value(loss)).toBeCloseTo(one(query1!, key2!) + one(query2!, key1!), 4);
    expect(difference(tf.slice(keysIn(model), 0, 16), tf.concat([key2!, key1!]))).toBeLessThan(1e-5);
  });

  test('each rank has the keys of all ranks in its queue', () => {
    const [model, batch] = [make(), pair()];
    const { query1, key2, features1 } = inStep(() => model.parts!.encode(batch, progress()));
    const part = (x: Tensor, rank: number): Tensor => tf.slice(x, rank * 4, 4);
    const queues: Tensor[] = [];
    acrossRanks(2, rank => {
      const each = make();
      const rows = { query1: part(query1!, rank), key2: part(key2!, rank), features1: part(features1!, rank) };
      const { loss } = each.parts!.loss(rows, batch, progress());
      queues[rank] = tf.slice(keysIn(each), 0, 8);
      return loss;
    });
    for (const rows of queues) expect(difference(rows, key2!)).toBe(0);
  });
});

describe('shuffled batch norm', () => {
  const net = kitBackbone();
  const images = pair(8).views[0]!;

  test('rows come back in the order of the images', () => {
    const apart = inContext({ rng: rngFromSeed(1) }, () => inShuffledGroups(net, images, 4)); // evaluation: no statistics
    expect(difference(apart, net(images))).toBeLessThan(1e-6);
  });

  test('keys have statistics of other images than queries, and of others in the next step', () => {
    const inOrder = inStep(() => inGroups(4, () => net(images)));
    const [shuffled, again, next] = [0, 0, 1].map(step => inStep(() => inShuffledGroups(net, images, 4), step));
    expect(difference(shuffled!, again!)).toBe(0);
    expect(difference(shuffled!, inOrder)).toBeGreaterThan(0.01);
    expect(difference(shuffled!, next!)).toBeGreaterThan(0.01);
  });

  test('in one group an order makes no difference, so none is drawn', () => {
    expect(
      difference(
        inContext({ training: true }, () => inShuffledGroups(net, images, 1)),
        inStep(() => net(images)),
      ),
    ).toBe(0);
  });

  test('queries are encoded in the groups too; a group of one image is refused', () => {
    const [whole, apart] = [1, 4].map(shuffleGroups => make({ shuffleGroups }));
    copyValues(apart!.backbone.members, whole!.backbone.members);
    const [a, b] = [whole!, apart!].map(method => inStep(() => method.parts!.encode(pair(), progress())));
    expect(difference(a!.features1!, b!.features1!)).toBeGreaterThan(0.01);
    const refused = (): unknown => inStep(() => make({ shuffleGroups: 8 }).step(pair(), progress()));
    expect(refused).toThrow(ShapeError);
    expect(refused).toThrow(
      'each of the 8 shuffleGroups needs 2 images or more; got a batch of 8; set shuffleGroups to 4 or less',
    );
  });
});

describe('versions', () => {
  test.each([
    [1, [[D, 128]]],
    [2, [[D, D], [D, 128]]], // biome-ignore format: one line a version
    [3, [[D, 4096], [4096, 256]]], // biome-ignore format: one line a version
  ])('version %i has a head of %j', (version, expected) => {
    const model = moco({ backbone: kitBackbone(), version, ...(version < 3 && { queueSize: 16 }) });
    expect(widths(model, 'head')).toEqual(expected);
    if (version < 3) expect(model.trained).not.toHaveProperty('predictor');
    else expect(widths(model, 'predictor')).toEqual([[256, 4096], [4096, 256]]); // biome-ignore format: short
    expect(model.config).toEqual({ ...versions[version], ...(version < 3 && { queueSize: 16 }) });
    expect(model.recipe).toBe(version === 3 ? cifarV3 : cifar);
    expect(model.views).toEqual(mocoViews({ version }));
  });

  test('norms are only in the heads of version 3, the last without scale and offset; biases only in those of 1 and 2', () => {
    expect(namesOf(make({ version: 1 }), 'head')).toEqual(['head.0.weight', 'head.0.bias']);
    expect(namesOf(make(), 'head')).toEqual(['head.0.weight', 'head.0.bias', 'head.2.weight', 'head.2.bias']);
    const v3 = make({ version: 3 });
    const kinds = [...stateOf({ head: v3.trained.head! })]
      .filter(([, { kind }]) => kind === 'param')
      .map(([name]) => name);
    expect(kinds).toEqual(['head.0.weight', 'head.1.weight', 'head.1.bias', 'head.3.weight']);
    expect(namesOf(v3, 'head')).toContain('head.4.running_mean');
    const predictor = ['0.weight', '1.weight', '1.bias', '1.running_mean', '1.running_var', '3.weight'];
    expect(namesOf(v3, 'predictor')).toEqual(predictor.map(name => `predictor.${name}`));
  });

  test('the momentum stays, or rises to 1', () => {
    const at = (method: Method, step: number): number =>
      method.schedules!.momentum!({ step, steps: 10, stepsPerEpoch: 5 });
    expect([0, 5, 9].map(step => at(make(), step))).toEqual([0.999, 0.999, 0.999]);
    const rising = make({ version: 3 });
    expect(at(rising, 4)).toBeCloseTo(0.995, 10); // that of the sixth step, half of the run
    expect(at(rising, 9)).toBe(1);
  });
});

describe('settings', () => {
  test.each([
    [{ version: 4 }, 'version must be 1, 2 or 3; got 4'],
    [{ version: '2' }, 'version must be 1, 2 or 3; got "2"; '],
    [{ temprature: 0.1 }, "there is no setting 'temprature'; did you mean 'temperature'?"],
    [{ temperature: 0 }, 'temperature must be above 0; got 0; 0.2 is usual'],
    [{ momentum: 1.1 }, 'momentum must be from 0 to 1; got 1.1'],
    [{ momentum: -0.1 }, 'momentum must be from 0 to 1; got -0.1'],
    [{ momentumSchedule: 'linear' }, "momentumSchedule must be constant or cosine; got 'linear'"],
    [{ queueSize: 0 }, 'queueSize must be a whole number of at least 1; got 0'],
    [{ version: 3, queueSize: 8 }, 'version 3 has no queue; got queueSize 8; leave it out, or take version 2'],
    [{ shuffleGroups: 1.5 }, 'shuffleGroups must be a whole number of at least 1; got 1.5'],
    [{ layers: 0 }, 'layers must be a whole number of at least 1; got 0'],
    [{ hiddenDim: -1 }, 'hiddenDim must be a whole number of at least 0; got -1'],
    [{ projectionDim: 0 }, 'projectionDim must be a whole number of at least 1; got 0'],
  ])('%o is refused', (options, message) => {
    const call = (): Method => make(options as Partial<MoCoOptions>);
    expect(call).toThrow(ConfigError);
    expect(call).toThrow(message);
  });

  test('other than two views of one size are refused', () => {
    const { ops } = mocoViews({ size: 8 })[0]!;
    const plan = (count: number, ...sizes: number[]) => views(sizes.map(size => ({ count, size, ops })));
    expect(() => make({ views: plan(3, 8) })).toThrow('views must be two of one size; got 3 of 8 pixels');
    expect(() => make({ views: plan(1, 8, 12) })).toThrow('got 2 of 8 and 12 pixels');
  });

  test('a queue shorter than the keys of a step is refused with the step', () => {
    expect(() => inStep(() => make({ queueSize: 4 }).step(pair(), progress()))).toThrow(
      'takes [N, 6] with N at most 4',
    );
  });
});
