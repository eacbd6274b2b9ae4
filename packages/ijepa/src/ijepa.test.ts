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
  valueAndGradients,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { describeMethod, kitBackbone, kitBatch, kitVit } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { cifar, defaults, type IJEPAOptions, ijepa, ijepaLoss, ijepaViews, normalizeTokens } from './index.ts';

const SIZE = 16; // 8 x 8 patches: fewer leave targets no room
const SMALL = { predictorDim: 8, predictorDepth: 1 };
const vit = (options: object = {}) => kitVit({ classToken: false, imgSize: SIZE, init: 'xavier', ...options });
const make = (options: Partial<IJEPAOptions> = {}): Method => ijepa({ backbone: vit(), seed: 4, ...SMALL, ...options });

describeMethod('ijepa', {
  make: ({ seed }) => make({ seed, momentum: 0.9 }),
  viewsAlike: false,
  training: { learningRate: 0.003, steps: 100, fall: 0.1 },
});

const progress: Progress = { fraction: tf.scalar(0), epoch: tf.scalar(0), scheduled: { momentum: tf.scalar(0.9) } };
const batchOf = (method: Method): Batch => kitBatch(method, { make: () => method });
const inStep = <R>(body: () => R): R => inContext({ training: true }, body);
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const difference = (a: Tensor, b: Tensor): number => value(a.sub(b).abs().max());

/** The same pictures with other values in some patches. */
function changed(batch: Batch, tokens: Tensor): Batch {
  const noise = tf.buffer(batch.views[0]!.shape as [number, number, number, number]);
  for (const [i, places] of (tokens.arraySync() as number[][]).entries()) {
    for (const token of places) noise.set(9, i, 2 * Math.floor(token / 8), 2 * (token % 8), 1);
  }
  return { ...batch, views: [batch.views[0]!.add(noise.toTensor())] };
}

describe('the step', () => {
  test('predicts the tokens that the teacher makes of the whole picture, at the targets', () => {
    const method = make();
    const batch = batchOf(method);
    const { predictions, targets } = inStep(() => method.parts!.encode(batch, progress));
    const all = normalizeTokens((method.result as ReturnType<typeof kitVit>).tokens(batch.views[0]!));
    const [rows, places] = [all.arraySync() as number[][][], batch.drawn.targets!.arraySync() as number[][]];
    const expected = tf.tensor3d(places.map((tokens, i) => tokens.map(token => rows[i]![token]!)));
    expect(predictions!.shape).toEqual([8, 44, 12]);
    expect(difference(targets!, expected)).toBeLessThan(1e-5);
    for (const loss of ['smooth-l1', 'mse'] as const) {
      const step = inStep(() => make({ loss }).step(batch, progress));
      expect(value(step.loss)).toBeCloseTo(value(ijepaLoss(predictions!, targets!, { loss })), 5);
    }
  });

  test('the encoder sees the context alone; the teacher sees all', () => {
    const method = make();
    const batch = batchOf(method);
    const encode = (each: Batch) => inStep(() => method.parts!.encode(each, progress));
    const [before, after] = [encode(batch), encode(changed(batch, batch.drawn.targets!))];
    for (const name of ['predictions', 'features']) expect(difference(before[name]!, after[name]!)).toBe(0);
    expect(difference(before.targets!, after.targets!)).toBeGreaterThan(0.1);
    const seen = encode(changed(batch, batch.drawn.context!));
    for (const name of ['predictions', 'features', 'targets'])
      expect(difference(before[name]!, seen[name]!)).toBeGreaterThan(1e-5);
  });

  test('each target is predicted without the others', () => {
    const method = make();
    const batch = batchOf(method);
    const [B, M] = [8, 11];
    const other = (batch.drawn.targets!.arraySync() as number[][]).map(all => [
      ...all.slice(0, M),
      ...all.slice(M, 2 * M).map(token => 63 - token),
      ...all.slice(2 * M),
    ]);
    const drawn = { ...batch.drawn, targets: tf.tensor2d(other, [B, 4 * M], 'int32') };
    const [before, after] = [batch, { ...batch, drawn }].map(each =>
      inStep(() => method.parts!.encode(each, progress)),
    );
    const part = (x: Tensor, from: number, to: number): Tensor => x.slice([0, from, 0], [B, to - from, 12]);
    const [a, b] = [before!.predictions!, after!.predictions!];
    expect(difference(part(a, 0, M), part(b, 0, M))).toBe(0);
    expect(difference(part(a, 2 * M, 4 * M), part(b, 2 * M, 4 * M))).toBe(0);
    expect(difference(part(a, M, 2 * M), part(b, M, 2 * M))).toBeGreaterThan(1e-3);
  });

  test('the teacher starts as a copy, gets no gradient, and moves by its momentum', () => {
    const method = make();
    const [student, teacher] = [method.backbone.members, method.carried!].map(members => parametersOf(members));
    const batch = batchOf(method);
    expect(difference(method.embed(batch.views[0]!), method.backbone(batch.views[0]!))).toBe(0);
    const reach = () => valueAndGradients(() => inStep(() => method.step(batch, progress)).loss, teacher!);
    expect(reach).toThrow('must depend on every trained variable');
    for (const variable of student!) variable.assign(variable.read().add(1));
    const before = teacher!.map(variable => variable.read().clone());
    method.afterStep!(progress);
    for (const [i, variable] of teacher!.entries())
      expect(difference(variable.read(), before[i]!.add(0.1))).toBeLessThan(1e-6);
    const embedded = method.embed(batch.views[0]!);
    expect(difference(embedded, method.backbone(batch.views[0]!))).toBeGreaterThan(1e-3);
    expect(difference(embedded, method.result!(batch.views[0]!))).toBe(0);
  });

  test('momentum rises evenly to 1', () => {
    const { momentum } = make({ momentum: 0.9 }).schedules!;
    for (const [step, expected] of [
      [0, 0.9],
      [25, 0.925],
      [100, 1],
    ] as const) {
      expect(momentum!({ step, steps: 100, stepsPerEpoch: 10 })).toBeCloseTo(expected, 12);
    }
  });
});

describe('masks', () => {
  test('of 8 x 8 patches: 4 targets of 11, a context without their patches, the same when drawn again', () => {
    const { draw } = make();
    const { context, targets } = draw!({ seed: 1, epoch: 2, index: 3 });
    expect(targets!.length).toBe(44);
    expect(context!.some(token => targets!.includes(token))).toBe(false);
    expect(draw!({ seed: 1, epoch: 2, index: 3 })).toEqual({ context, targets });
    expect(draw!({ seed: 1, epoch: 2, index: 4 }).targets).not.toEqual(targets);
    expect(draw!({ seed: 1, epoch: 3, index: 3 }).context!.length).toBe(context!.length);
  });

  test('settings reach them', () => {
    const at = { seed: 1, epoch: 2, index: 3 };
    expect(make({ targets: 2 }).draw!(at).targets!.length).toBe(22);
    expect(make({ targetScale: [0.25, 0.25], contextTokens: 7 }).draw!(at)).toMatchObject({
      context: { length: 7 },
      targets: { length: 64 },
    });
    const last = (lastLine: boolean): number =>
      Math.max(
        ...Array.from({ length: 50 }, (_, index) => Math.max(...make({ lastLine }).draw!({ ...at, index }).targets!)),
      );
    expect([last(false) < 56, last(true) >= 56]).toEqual([true, true]);
  });

  test('pictures show the context and each target, and nothing else of the picture', () => {
    const method = make();
    const {
      views: [images],
      drawn,
    } = batchOf(method);
    const columns = method.pictures!({ images: images!, drawn }).masks!;
    expect(columns.map(({ title }) => title)).toEqual([
      'picture',
      'context',
      'target 1',
      'target 2',
      'target 3',
      'target 4',
    ]);
    const [, context, first] = columns.map(({ pixels }) => pixels);
    const [tokens, block] = [drawn.context!, drawn.targets!].map(each => each.arraySync() as number[][]);
    const shown = (pixels: Tensor, i: number): number[] => {
      const values = pixels.abs().sum(-1).arraySync() as number[][][];
      return Array.from({ length: 64 }, (_, token) => token).filter(
        token => values[i]![2 * Math.floor(token / 8) + 1]![2 * (token % 8)]! > 0,
      );
    };
    for (const i of [0, 3]) {
      expect(shown(context!, i)).toEqual(tokens![i]);
      expect(shown(first!, i)).toEqual(block![i]!.slice(0, 11));
    }
  });
});

describe('settings', () => {
  test('all that were resolved are kept; views and recipe are the usual ones', () => {
    expect(make().config).toEqual({ ...defaults, ...SMALL });
    expect(make().recipe).toBe(cifar);
    expect(make().views).toEqual(ijepaViews({ size: SIZE }));
  });

  const view = ijepaViews({ size: SIZE })[0]!;
  test.each<[object, string]>([
    [{ momentun: 1 }, "there is no setting 'momentun'; did you mean 'momentum'?"],
    [{ momentum: 1.1 }, 'momentum must be from 0 to 1; got 1.1; 0.996 is usual'],
    [{ loss: 'l1' }, "ijepa: loss must be 'smooth-l1' or 'mse'; got 'l1'"],
    [{ predictorDim: 10 }, 'predictorDim must be a multiple of 4 and of the heads; got 10 for 2 heads'],
    [{ predictorHeads: 3 }, 'got 8 for 3 heads'],
    [{ predictorDepth: 0 }, 'predictorDepth must be a whole number of at least 1; got 0'],
    [{ contextTokens: 0.5 }, 'contextTokens must be a whole number of at least 0; got 0.5'],
    [{ contextTokens: 40 }, 'contextTokens must be left over by at least one draw in 10; got 40'],
    [{ targetScale: [0.1] }, 'ijepa: targetScale must be two numbers, the least and the largest; got [0.1]'],
    [
      { targets: 20, contextScale: [0.2, 0.2] },
      'targets must leave tokens to the context; got 20 blocks of 11 in 8 x 8, which leave none in one of 100 draws; lower targets',
    ],
    [
      { backbone: kitBackbone() },
      "ijepa: backbone must be a vision transformer, which can leave patches out; got 'tiny.cifar'; take backbone('vit_base",
    ],
    [
      { backbone: kitVit({ imgSize: SIZE }) },
      "the backbone's tokens must be those of the patches alone, normalised; got 1 tokens before them; make it with { classToken: false }",
    ],
    [{ backbone: vit({ registers: 2 }) }, 'got 2 tokens before them'],
    [{ backbone: vit({ fcNorm: true }) }, 'got fcNorm true'],
    [{ backbone: vit({ patchSize: 8 }) }, 'multiBlockMask: '],
    [
      { views: views([{ ...view, size: 17 }]) },
      'pictures must have sides that are multiples of the patch size 2; got 17 pixels',
    ],
    [{ views: views([{ ...view, count: 2 }]) }, 'ijepa: views must be one; got 2; make it with ijepaViews()'],
  ])('%o is refused', (options, message) => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  });

  test('pictures of another size than the position embeddings are for', () => {
    const method = make({ backbone: vit({ imgSize: 32 }), views: ijepaViews({ size: SIZE }) });
    const batch = batchOf(method);
    expect(inStep(() => method.parts!.encode(batch, progress)).predictions!.shape).toEqual([8, 44, 12]);
    expect(method.embed(normal(rngFromSeed(1), [2, 24, 24, 3])).shape).toEqual([2, 12]);
  });
});
