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
import { cifar, defaults, type MAEOptions, mae, maeLoss, maeViews, normalizePatches, patchify } from './index.ts';

const SMALL = { decoderDim: 16, decoderDepth: 1, decoderHeads: 2 };
const make = (options: Partial<MAEOptions> = {}): Method =>
  mae({ backbone: kitVit(), views: maeViews({ size: 8 }), seed: 4, ...SMALL, ...options });

// The kit's pictures are squares whose patches are of one colour each: pixels as they are, since normalised ones are all 0.
describeMethod('mae', {
  make: ({ seed }) => make({ seed, normalizePixels: false }),
  viewsAlike: false,
  training: { learningRate: 0.005, steps: 100, fall: 0.2 },
});

const progress: Progress = { fraction: tf.scalar(0), epoch: tf.scalar(0), scheduled: {} };
const batchOf = (method: Method): Batch => kitBatch(method, { make: () => method });
const inStep = <R>(body: () => R): R => inContext({ training: true }, body);
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const difference = (a: Tensor, b: Tensor): number => value(a.sub(b).abs().max());

describe('the step', () => {
  test('is the error of the hidden patches, each with its mean and deviation taken out', () => {
    const [method, raw] = [make(), make({ normalizePixels: false })];
    for (const [model, normalized] of [
      [method, true],
      [raw, false],
    ] as const) {
      const batch = batchOf(model);
      const { predictions, features } = inStep(() => model.parts!.encode(batch, progress));
      const { loss, metrics } = inStep(() => model.step(batch, progress));
      const hidden = batch.drawn.masked!.arraySync() as number[][];
      const all = patchify(batch.views[0]!, 2).arraySync() as number[][][];
      const patches = tf.tensor3d(hidden.map((tokens, i) => tokens.map(token => all[i]![token]!)));
      const targets = normalized ? normalizePatches(patches) : (patches as Tensor);
      expect(predictions!.shape).toEqual([8, 12, 12]);
      expect(features!.shape).toEqual([8, 12]);
      expect(value(loss)).toBeCloseTo(value(maeLoss(predictions!, targets)), 5);
      const variance = value(tf.moments(targets).variance as Tensor);
      expect(value(metrics!.explained!)).toBeCloseTo(1 - value(loss) / variance, 4);
    }
  });

  test('neither what is hidden nor its place reaches the encoder, and the decoder sees no hidden pixel', () => {
    const method = make();
    const batch = batchOf(method);
    const hidden = batch.drawn.masked!.arraySync() as number[][];
    const noise = tf.buffer(batch.views[0]!.shape as [number, number, number, number]);
    for (const [i, tokens] of hidden.entries()) {
      for (const token of tokens) noise.set(9, i, 2 * Math.floor(token / 4), 2 * (token % 4), 1);
    }
    const changed = { ...batch, views: [batch.views[0]!.add(noise.toTensor())] };
    const [before, after] = [batch, changed].map(each => inStep(() => method.parts!.encode(each, progress)));
    for (const name of ['predictions', 'features']) expect(difference(before![name]!, after![name]!)).toBe(0);
    expect(difference(before!.targets!, after!.targets!)).toBeGreaterThan(0.1);
  });

  test('patches that are seen matter, and masks do', () => {
    const method = make();
    const batch = batchOf(method);
    const loss = (each: Batch): number => value(inStep(() => method.step(each, progress)).loss);
    const { visible, masked, restore } = batch.drawn as Record<string, Tensor>;
    const turned = { visible: visible!.reverse(0), masked: masked!.reverse(0), restore: restore!.reverse(0) };
    expect(loss({ ...batch, drawn: turned })).not.toBeCloseTo(loss(batch), 4);
  });

  test('the average of the visible patches is what is watched where the backbone averages', () => {
    const method = make({ backbone: kitVit({ pool: 'avg' }) });
    const batch = batchOf(method);
    const { features } = inStep(() => method.step(batch, progress));
    const token = inStep(() => make().step(batch, progress)).features!;
    expect(features!.shape).toEqual(token.shape);
    expect(difference(features!, token)).toBeGreaterThan(0.01);
  });

  test('registers and a backbone without a class token go through the decoder too', () => {
    for (const options of [{ registers: 2 }, { classToken: false }, { positions: 'fixed' }] as const) {
      const method = make({ backbone: kitVit(options) });
      const trained = parametersOf(method.trained);
      const { gradients } = valueAndGradients(() => inStep(() => method.step(batchOf(method), progress).loss), trained);
      expect(gradients.every(gradient => value(gradient.abs().max()) > 1e-9)).toBe(true);
    }
  });
});

describe('pictures', () => {
  test.each([true, false])('show what is seen, what is guessed and both; normalizePixels %s', normalizePixels => {
    const method = make({ normalizePixels });
    const {
      views: [images],
      drawn,
    } = batchOf(method);
    const columns = method.pictures!({ images: images!, drawn }).reconstruction!;
    expect(columns.map(({ title }) => title)).toEqual(['picture', 'seen', 'guessed', 'both']);
    const [picture, seen, guessed, both] = columns.map(({ pixels }) => patchify(pixels, 2).arraySync() as number[][][]);
    const hidden = drawn.masked!.arraySync() as number[][];
    for (const [i, tokens] of hidden.entries()) {
      for (let token = 0; token < 16; token++) {
        const of = (column: number[][][]): number[] => column[i]![token]!;
        if (tokens.includes(token)) {
          expect([of(seen!).every(x => x === 0), of(both!)]).toEqual([true, of(guessed!)]);
          expect(of(guessed!)).not.toEqual(of(picture!));
        } else expect([of(seen!), of(both!)]).toEqual([of(picture!), of(picture!)]);
      }
    }
  });

  test('a guess has the brightness of its patch where patches are normalised', () => {
    const method = make();
    const {
      views: [images],
      drawn,
    } = batchOf(method);
    const [picture, , , both] = method.pictures!({ images: images!.add(5), drawn }).reconstruction!;
    const away = (x: Tensor): number => value(x.mean().sub(5).abs());
    expect(away(picture!.pixels)).toBeLessThan(0.5);
    expect(away(both!.pixels)).toBeLessThan(0.8);
  });
});

describe('masks', () => {
  test.each([
    [0.75, 4],
    [0.6, 6],
    [0.5, 8],
    [0.9, 1],
  ])('a ratio of %d leaves %i of 16 patches to see', (maskRatio, seen) => {
    const { visible, masked } = make({ maskRatio }).draw!({ seed: 0, epoch: 1, index: 2 });
    expect([visible!.length, masked!.length]).toEqual([seen, 16 - seen]);
  });

  test('are another one for each picture and epoch, and the same when drawn again', () => {
    const { draw } = make();
    const at = (seed: number, epoch: number, index: number): string => draw!({ seed, epoch, index }).visible!.join();
    expect(at(1, 2, 3)).toBe(at(1, 2, 3));
    expect(new Set([at(1, 2, 3), at(2, 2, 3), at(1, 3, 3), at(1, 2, 4)]).size).toBe(4);
  });
});

describe('settings', () => {
  test('all that were resolved are kept; views and recipe are the usual ones', () => {
    expect(make().config).toEqual({ ...defaults, ...SMALL });
    expect(make().recipe).toBe(cifar);
    expect(mae({ backbone: kitVit({ inChannels: 1 }), ...SMALL }).views).toEqual(maeViews({ size: 8, channels: 1 }));
  });

  const view = maeViews({ size: 8 })[0]!;
  test.each<[object, string]>([
    [{ maskratio: 1 }, "there is no setting 'maskratio'; did you mean 'maskRatio'?"],
    [
      { maskRatio: 0.95 },
      'mae: maskRatio must leave a patch to see and one to guess; got 0.95 of 16 patches, which leaves none to see; lower it',
    ],
    [{ maskRatio: 0 }, 'got 0 of 16 patches, which leaves none to guess; raise it'],
    [{ maskRatio: -1 }, 'which leaves none to guess'],
    [{ decoderDim: 18 }, 'decoderDim must be a multiple of 4 and of decoderHeads; got 18 for 2 heads'],
    [{ decoderDim: 16, decoderHeads: 3 }, 'got 16 for 3 heads; 512 for 16 is usual'],
    [{ decoderDepth: 0 }, 'decoderDepth must be a whole number of at least 1; got 0'],
    [
      { backbone: kitBackbone() },
      "mae: backbone must be a vision transformer, which can leave patches out; got 'tiny.cifar'; take backbone('vit_base",
    ],
    [
      { backbone: kitVit({ pool: 'avg', fcNorm: true }) },
      'the backbone must normalise its tokens, for the decoder; got fcNorm true',
    ],
    [
      { views: views([{ ...view, size: 9 }]) },
      'pictures must have sides that are multiples of the patch size 2; got 9 pixels',
    ],
    [{ views: views([{ ...view, count: 2 }]) }, 'mae: views must be one; got 2; make it with maeViews()'],
  ])('%o is refused', (options, message) => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  });

  test('pictures of another size than the position embeddings are for', () => {
    const method = make({ views: maeViews({ size: 16 }) });
    const images = normal(rngFromSeed(1), [2, 16, 16, 3]);
    const drawn = [0, 1].map(index => method.draw!({ seed: 0, epoch: 0, index }));
    const stacked = Object.fromEntries(
      Object.keys(drawn[0]!).map(name => [name, tf.stack(drawn.map(one => tf.tensor1d(one[name]!, 'int32')))]),
    );
    const batch = { views: [images], indices: tf.range(0, 2, 1, 'int32'), drawn: stacked };
    const { predictions } = inStep(() => method.parts!.encode(batch, progress));
    expect(predictions!.shape).toEqual([2, 48, 12]);
    expect(method.embed(images).shape).toEqual([2, 12]);
  });
});
