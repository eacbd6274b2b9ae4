import { describe, expect, test } from 'vitest';
import { ConfigError, ShapeError } from '../../errors.ts';
import { rngFromSeed } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { applyViews, drawParameters, drawViews } from './draw.ts';
import type { Drawn } from './op.ts';
import { colorJitter } from './ops/color-jitter.ts';
import { gaussianBlur } from './ops/gaussian-blur.ts';
import { grayscale } from './ops/grayscale.ts';
import { horizontalFlip } from './ops/horizontal-flip.ts';
import { invert } from './ops/invert.ts';
import { randomAffine } from './ops/random-affine.ts';
import { randomResizedCrop } from './ops/random-resized-crop.ts';
import { resize } from './ops/resize.ts';
import { strokeWidth } from './ops/stroke-width.ts';
import { views } from './plan.ts';
import { previewViews } from './preview.ts';
import type { ViewOp } from './registry.ts';
import { IMAGENET_STATISTICS } from './statistics.ts';

function pictures(batch: number, height: number, width: number, channels = 3): Tensor {
  const values = Float32Array.from({ length: batch * height * width * channels }, (_, i) => (i * 7919) % 256);
  return tf.tensor(values, [batch, height, width, channels]);
}

const rng = rngFromSeed(1);

/** Applies one op, with given numbers, to a picture that the view shows as it is. */
function applied(x: Tensor, op: ViewOp, numbers: Readonly<Record<string, number[]>>): Tensor {
  const drawn = Object.fromEntries(Object.entries(numbers).map(([name, values]) => [name, tf.tensor(values)]));
  return applyViews(views([{ count: 1, size: x.shape[1]!, ops: [resize(), op] }]), x, [[{}, drawn]])[0]!;
}

function gap(a: Tensor, b: Tensor): number {
  return a.sub(b).abs().max().dataSync()[0]!;
}

describe('views of a batch', () => {
  test('each has its size, values lie within 0 and 1, integers do as well as floats', () => {
    const plan = views([
      { count: 1, size: 16, ops: [randomResizedCrop(), colorJitter({ brightness: 0.8, contrast: 0.8, hue: 0.2 })] },
      { count: 2, size: 7, ops: [randomResizedCrop(), horizontalFlip()] },
    ]);
    const x = pictures(3, 20, 24);
    const drawn = drawViews(plan, x, { rng: rngFromSeed(2) });
    expect(drawn.map(({ shape }) => shape)).toEqual([
      [3, 16, 16, 3],
      [3, 7, 7, 3],
      [3, 7, 7, 3],
    ]);
    for (const view of drawn) {
      expect(view.min().dataSync()[0]).toBeGreaterThanOrEqual(0);
      expect(view.max().dataSync()[0]).toBeLessThanOrEqual(1);
    }
    const whole = drawViews(plan, tf.cast(x, 'int32'), { rng: rngFromSeed(2) });
    for (const [i, view] of whole.entries()) expect(gap(view, drawn[i]!)).toBe(0);
  });

  test('a picture of the right size passes a resize unchanged; normalising comes last', () => {
    const x = pictures(2, 8, 8);
    const [plain] = drawViews(views([{ count: 1, size: 8, ops: [] }]), x, { rng }) as [Tensor];
    expect(gap(plain, x.div(255))).toBeLessThan(1e-6);
    const normalized = views([{ count: 1, size: 8, ops: [], normalize: IMAGENET_STATISTICS }]);
    const [view] = drawViews(normalized, x, { rng }) as [Tensor];
    const { mean, std } = IMAGENET_STATISTICS;
    expect(
      gap(
        view,
        x
          .div(255)
          .sub(tf.tensor([...mean]))
          .div(tf.tensor([...std])),
      ),
    ).toBeLessThan(1e-5);
  });

  test('in a corner, what lies beside a picture is never seen', () => {
    const small = pictures(1, 12, 20);
    const canvas = small.pad(
      [
        [0, 0],
        [0, 18],
        [0, 4],
        [0, 0],
      ],
      1e6,
    ); // [1, 30, 24, 3]
    for (const ops of [[resize()], [randomResizedCrop()]]) {
      const plan = views([{ count: 1, size: 16, ops }]);
      const [alone] = drawViews(plan, small, { rng: rngFromSeed(4) }) as [Tensor];
      const [seen] = drawViews(plan, canvas, {
        rng: rngFromSeed(4),
        sizes: tf.tensor2d([[12, 20]], [1, 2], 'int32'),
      }) as [Tensor];
      expect(gap(alone, seen)).toBeLessThan(1e-6);
    }
  });

  test('of stretched pictures the parts are those that would have been drawn on the originals', () => {
    const plan = views([{ count: 1, size: 16, ops: [randomResizedCrop()] }]);
    const [original] = drawParameters(plan, [64, 96, 48, 3], { rng: rngFromSeed(5) })[0]!;
    const sizes = tf.tile(tf.tensor2d([[96, 48]]), [64, 1]);
    const [stored] = drawParameters(plan, [64, 32, 32, 3], { rng: rngFromSeed(5), sizes, layout: 'fill' })[0]!;
    const factors: Drawn = {
      top: tf.scalar(1 / 3),
      left: tf.scalar(2 / 3),
      height: tf.scalar(1 / 3),
      width: tf.scalar(2 / 3),
    };
    for (const [name, factor] of Object.entries(factors)) {
      expect(gap(stored![name]!, original![name]!.mul(factor))).toBeLessThan(1e-5);
    }
    const x = pictures(64, 32, 32);
    const tiny = views([{ count: 1, size: 8, ops: [randomResizedCrop({ scale: [1e-5, 1e-4] })] }]);
    const [view] = drawViews(tiny, x, { rng, sizes: sizes.mul(100), layout: 'fill' }) as [Tensor]; // parts of less than a pixel
    expect(view.isFinite().all().dataSync()[0]).toBe(1);
  });

  test('ops whose weights are combined act in their order', () => {
    const x = pictures(2, 20, 24);
    const box = { top: [3, 0], left: [2, 9], height: [11, 20], width: [17, 8] };
    const drawn = Object.fromEntries(Object.entries(box).map(([name, values]) => [name, tf.tensor(values)]));
    const blur = gaussianBlur({ kernelSize: 5 });
    const [flipped, sigma] = [{ applied: tf.tensor([1, 0]) }, { sigma: tf.tensor([0.7, 1.9]) }];
    const crop = (ops: ViewOp[], parameters: Drawn[]): Tensor => {
      const plan = views([{ count: 1, size: 12, ops: [randomResizedCrop(), ...ops] }]);
      return applyViews(plan, x, [[drawn, ...parameters]])[0]!;
    };
    const then = (view: Tensor, op: ViewOp, parameters: Drawn): Tensor =>
      applyViews(views([{ count: 1, size: 12, ops: [resize(), op] }]), view.mul(255), [[{}, parameters]])[0]!;
    const apart = then(then(crop([], []), horizontalFlip(), flipped), blur, sigma);
    expect(gap(crop([horizontalFlip(), blur], [flipped, sigma]), apart)).toBeLessThan(1e-5);
    expect(gap(crop([], []), apart)).toBeGreaterThan(0.05);
  });

  test('other shapes are refused', () => {
    const plan = views([{ count: 1, size: 8, ops: [], normalize: IMAGENET_STATISTICS }]);
    expect(() => drawViews(plan, tf.zeros([8, 8, 3]), { rng })).toThrow(ShapeError);
    expect(() => drawViews(plan, pictures(2, 8, 8, 1), { rng })).toThrow(/each of 1 channels; got 3/);
    expect(() => drawViews(plan, pictures(2, 8, 8), { rng, sizes: tf.zeros([3, 2]) })).toThrow(
      /sizes must be \[2, 2\].*got \[3,2\]/,
    );
    expect(() =>
      applyViews([{ count: 1, size: 8, ops: [{ op: 'blot' } as never] }], pictures(1, 8, 8), [[{}]]),
    ).toThrow(ConfigError);
  });
});

describe('ops without a reference in PIL', () => {
  test('invert', () => {
    const x = pictures(2, 6, 6);
    const view = applied(x, invert(), { applied: [1, 0] });
    const [first, second] = tf.split(x.div(255), 2) as [Tensor, Tensor];
    expect(gap(view, tf.concat([tf.sub(1, first), second]))).toBeLessThan(1e-6);
  });

  test('strokes grow and shrink by the largest and smallest neighbour', () => {
    const x = tf.tile(pictures(1, 9, 9), [3, 1, 1, 1]);
    const view = applied(x, strokeWidth(), { amount: [1, -1, 0.25] });
    const values = tf.div(x.slice(0, 1), 255);
    const largest = tf.maxPool(values as never, 3, 1, 'same') as Tensor;
    const smallest = (tf.maxPool(values.neg() as never, 3, 1, 'same') as Tensor).neg();
    const partly = values.add(largest.sub(values).mul(0.25));
    expect(gap(view, tf.concat([largest, smallest, partly]))).toBeLessThan(1e-6);
  });

  test('an affine transform blends with its fill at the edge', () => {
    const neutral = { translateX: [0], translateY: [0], scale: [1], shearX: [0], shearY: [0] };
    const white = tf.fill([1, 6, 6, 1], 255);
    const half = applied(white, randomAffine({ fill: 0 }), { ...neutral, translateX: [0.5], angle: [0] });
    expect(gap(half.slice([0, 0, 0, 0], [1, 6, 1, 1]), tf.fill([1, 6, 1, 1], 0.5))).toBeLessThan(1e-6);
    const turned = applied(white, randomAffine({ fill: 1 }), { ...neutral, angle: [45] });
    expect(gap(turned, tf.ones([1, 6, 6, 1]))).toBeLessThan(1e-6);
  });

  test('colour is left alone where there is none: brightness and contrast work for any number of channels', () => {
    const drawn = { brightness: [0.5], contrast: [0.5], saturation: [0], hue: [0.3] };
    const order = tf.tensor2d([[2, 0, 3, 1]]);
    const op = colorJitter({ brightness: 0.5, contrast: 0.5, saturation: 1, hue: 0.5 });
    for (const channels of [1, 2, 4, 13]) {
      const x = pictures(1, 6, 6, channels);
      const plan = views([{ count: 1, size: 6, ops: [resize(), op, grayscale({ p: 0.5 })] }]);
      const numbers = Object.fromEntries(Object.entries(drawn).map(([name, values]) => [name, tf.tensor(values)]));
      const [view] = applyViews(plan, x, [[{}, { ...numbers, order }, { applied: tf.ones([1]) }]]) as [Tensor];
      const dark = x.div(255 * 2);
      expect(gap(view, dark.add(dark.mean()).div(2))).toBeLessThan(1e-6);
    }
  });
});

test('a preview shows what was drawn, in bytes, and says with which numbers', async () => {
  const ops = [randomResizedCrop(), colorJitter({ brightness: 0.4 }), grayscale()];
  const plan = views([{ count: 2, size: 8, ops, normalize: IMAGENET_STATISTICS }]);
  const x = pictures(3, 12, 12);
  const preview = await previewViews(plan, x, 11);
  const unnormalized = views([{ count: 2, size: 8, ops }]);
  const drawn = drawViews(unnormalized, x, { rng: rngFromSeed(11) });
  expect(preview.map(row => row.length)).toEqual([2, 2, 2]);
  for (const [v, view] of drawn.entries()) {
    const bytes = view.mul(255).round().dataSync();
    for (const [b, row] of preview.entries()) {
      const { data, width, height, channels } = row[v]!;
      expect([width, height, channels]).toEqual([8, 8, 3]);
      expect(Array.from(data)).toEqual(Array.from(bytes.subarray(b * 192, (b + 1) * 192)));
    }
  }
  const parameters = drawParameters(unnormalized, x.shape, { rng: rngFromSeed(11) });
  const { op, parameters: numbers } = preview[2]![1]!.drawn[1]!;
  expect(op).toBe('colorJitter');
  expect(numbers.brightness).toBe(parameters[1]![1]!.brightness!.dataSync()[2]);
  expect(numbers.order).toEqual(Array.from(parameters[1]![1]!.order!.dataSync().subarray(8, 12)));
});

test('a preview of many views does not ask for more at a time than the library takes', async () => {
  const ops = [randomResizedCrop(), colorJitter({ brightness: 0.4 }), grayscale(), gaussianBlur({ kernelSize: 3 })];
  const plan = views([{ count: 60, size: 4, ops }]);
  const previews = await Promise.all([1, 2].map(seed => previewViews(plan, pictures(2, 6, 6), seed)));
  expect(previews.map(([row]) => row!.length)).toEqual([60, 60]);
});
