import { describe, expect, test } from 'vitest';
import { byteTensor } from '../../tensor/native.ts';
import { rngFromSeed, uniform } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { type Canvas, exchanged, images, planes, resample, settle, settleUpright, takeColor } from './canvas.ts';
import { flip } from './flip.ts';
import type { Frame } from './op.ts';
import { bell, blurMatrix, blurred } from './ops/gaussian-blur.ts';
import { known, prepared } from './plan.ts';
import { kindOf, type ViewOp, viewOps } from './registry.ts';
import { resampling } from './sampling.ts';
import { stretchTaps, worthTaps } from './taps.ts';

const [BATCH, SIZE] = [8, 12];
const rng = rngFromSeed(3);

/** `[BATCH, 3, height, width]`, 0 to 1. */
function pixels(height: number, width: number): Tensor {
  return planes(uniform(rng, [BATCH, height, width, 3]).mul(255));
}

function shown(canvas: Canvas): Tensor {
  return images([settleUpright(canvas)], [1, 1, 1], [0, 0, 0]);
}

function gap(a: Tensor, b: Tensor): number {
  return a.sub(b).abs().max().dataSync()[0]!;
}

describe.each(viewOps.filter(name => !kindOf(name)!.framing))('%s is the same', name => {
  const kind = known({ op: name } as ViewOp);
  const settings = kind.complete({} as ViewOp);
  const side = tf.fill([BATCH], SIZE);
  const frame: Frame = { height: side, width: side, channels: 3, canvas: [SIZE, SIZE], layout: 'same', size: SIZE };
  const drawn = kind.draw(settings, uniform(rng, [BATCH, Math.max(1, kind.draws)]), frame);
  const upright = { pixels: pixels(SIZE, SIZE), size: SIZE };
  const applied = (canvas: Canvas): Tensor => shown(kind.apply(canvas, settings, prepared(settings, drawn, SIZE)));

  test('on pixels that lie turned', () => {
    const lying = { pixels: exchanged(upright.pixels), size: SIZE, turned: true };
    expect(gap(applied(lying), applied(upright))).toBeLessThan(1e-5);
  });

  test('on pixels that are to lose their colour, and on those that have lost it', () => {
    const some = tf.tensor1d([1, 0, 1, 0, 0, 1, 1, 0]);
    const waiting = takeColor(upright, some);
    expect(gap(applied(waiting), applied(settle(waiting)))).toBeLessThan(1e-5);
    expect(gap(settle(waiting).pixels, upright.pixels)).toBeGreaterThan(0.1);
  });
});

describe('a resampling', () => {
  const start = tf.tensor1d([0, 0, 3, 7.5, 19, 0.2, 10, 0]);
  const length = tf.tensor1d([20, 1, 9, 6.25, 1, 19.8, 10, 13]);

  test.each([
    [20, 12],
    [20, 50],
    [20, 1],
    [20, 20],
  ])(
    'of %i to %i pixels is the same as weights and as a matrix, with and without what lies around the part',
    (n, out) => {
      const x = pixels(n, n);
      for (const whole of [undefined, tf.fill([BATCH], n)]) {
        const [taps, matrix] = [stretchTaps, resampling].map(form => form(start, length, n, out, whole));
        const [few, all] = [taps!, matrix!].map(weights =>
          settle(resample({ pixels: x, size: out }, weights, weights)),
        );
        expect(gap(few!.pixels, all!.pixels)).toBeLessThan(1e-5);
        const flipped = [taps!, matrix!].map(weights => {
          const canvas = resample({ pixels: x, size: out }, weights, weights);
          return settle(flip(canvas, 'columns', tf.ones([BATCH]))).pixels;
        });
        for (const result of flipped) expect(gap(result, tf.reverse(all!.pixels, 3))).toBeLessThan(1e-5);
      }
    },
  );

  test.each([1, 3, 5])('of pictures of %i channels is that of their planes, whatever type they come in', channels => {
    const bytes = Uint8Array.from({ length: BATCH * 20 * 24 * channels }, (_, i) => (i * 7919) % 251);
    const shape = [BATCH, 20, 24, channels] as [number, number, number, number];
    const [rows, columns] = [stretchTaps(start, length, 20, 12), stretchTaps(start.div(2), length, 24, 15)];
    const whole = tf.tensor4d(bytes, shape, 'int32');
    const expected = settle(resample({ pixels: planes(whole), size: 12 }, rows, columns)).pixels;
    expect(expected.shape).toEqual([BATCH, channels, 12, 15]);
    for (const pictures of [byteTensor(bytes, shape), whole, whole.toFloat()]) {
      const seen = settle(resample({ pixels: pictures, raw: true, size: 12 }, rows, columns)).pixels;
      expect(gap(seen, expected)).toBeLessThan(1e-6);
    }
  });

  test('after another one sees what that one gave, in either form', () => {
    const x = pixels(20, 20);
    const first = resampling(start, length, 20, 10);
    const [few, all] = [stretchTaps, resampling].map(form => form(tf.zeros([BATCH]), tf.fill([BATCH], 10), 10, 7));
    const half = settle(resample({ pixels: x, size: 7 }, first, first));
    const apart = settle(resample(half, all!, all!)).pixels;
    for (const second of [few!, all!]) {
      const together = resample(resample({ pixels: x, size: 7 }, first, first), second, second);
      expect(gap(settle(together).pixels, apart)).toBeLessThan(1e-5);
    }
  });

  test('of very many pixels to few is a matrix', () => {
    expect([worthTaps(512, 32), worthTaps(513, 32), worthTaps(32, 512)]).toEqual([true, false, true]);
  });
});

test.each([
  [5, 4],
  [5, 2],
  [6, 3],
  [9, 2],
])('a blur of a view of %i pixels that reaches %i away is that of the matrix', (size, radius) => {
  const sigma = tf.tensor1d([0, 0.5, 1, 1.5, 2, 2, 2, 2]);
  const canvas = { pixels: pixels(size, size), size };
  const matrix = blurMatrix(sigma, radius, size);
  const expected = shown(resample(canvas, matrix, matrix));
  expect(gap(shown(blurred(canvas, bell(sigma, radius))), expected)).toBeLessThan(1e-5);
});
