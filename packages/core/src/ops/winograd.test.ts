import { describe, expect, test } from 'vitest';
import { xlaAvailable } from '../engine/xla.ts';
import { compile } from '../tensor/compile.ts';
import { vectorJacobian } from '../tensor/gradients.ts';
import { nativeOp } from '../tensor/native.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { liveTensors } from '../tensor/variable.ts';
import { conv2d } from './conv.ts';
import { suitsWinograd, winogradConv2d, winogradFilterGradient, winogradInputGradient } from './winograd.ts';

const draw = (shape: readonly number[], seed: number): Tensor => normal(rngFromSeed(seed), [...shape]);
const values = (tensor: Tensor): number[] => [...tensor.dataSync()];

/** The sum itself, in double precision. */
function inDoubles(x: Tensor, filter: Tensor): number[] {
  const [B, H, W, C] = x.shape as [number, number, number, number];
  const D = filter.shape[3]!;
  const [pixels, taps, sums] = [x.dataSync(), filter.dataSync(), new Float64Array(B * H * W * D)];
  const at = (b: number, h: number, w: number, dh: number, dw: number, to: number): void => {
    for (let c = 0; c < C; c++) {
      const pixel = pixels[((b * H + h + dh) * W + w + dw) * C + c]!;
      for (let d = 0; d < D; d++) sums[to + d]! += pixel * taps[(((dh + 1) * 3 + dw + 1) * C + c) * D + d]!;
    }
  };
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let w = 0; w < W; w++)
        for (const dh of [-1, 0, 1])
          for (const dw of [-1, 0, 1])
            if (h + dh >= 0 && h + dh < H && w + dw >= 0 && w + dw < W) at(b, h, w, dh, dw, ((b * H + h) * W + w) * D);
  return [...sums];
}

/** Largest difference, relative to the largest value. */
function difference(actual: Tensor, expected: readonly number[]): number {
  const numbers = values(actual);
  expect(numbers).toHaveLength(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return numbers.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0) / largest;
}

const ATTRIBUTES = {
  T: { dtype: 'float32' },
  strides: { ints: [1, 1, 1, 1] },
  padding: 'SAME',
  explicit_paddings: { ints: [] },
  dilations: { ints: [1, 1, 1, 1] },
  data_format: 'NHWC',
  use_cudnn_on_gpu: true,
} as const;
const shapeOf = (tensor: Tensor): Tensor => tf.tensor1d(tensor.shape, 'int32');

describe.each([
  [1, 2, 2, 1, 1],
  [2, 6, 4, 3, 5],
  [3, 5, 8, 4, 2],
  [2, 7, 7, 6, 6],
  [1, 1, 3, 2, 2],
  [2, 8, 8, 96, 64],
])('%i images of %i x %i, %i to %i channels', (B, H, W, C, D) => {
  const [x, w, dy] = [draw([B, H, W, C], 1), draw([3, 3, C, D], 2), draw([B, H, W, D], 3)];

  test('the convolution is the sum, as exactly as the library has it', () => {
    const expected = inDoubles(x, w);
    const direct = difference(nativeOp('Conv2D', [x, w], ATTRIBUTES), expected);
    expect(difference(winogradConv2d(x, w), expected)).toBeLessThan(Math.max(5 * direct, 5e-7));
  });

  test('its gradients are the library’s', () => {
    const images = nativeOp('Conv2DBackpropInput', [shapeOf(x), w, dy], ATTRIBUTES);
    expect(difference(winogradInputGradient(dy, w), values(images))).toBeLessThan(3e-6);
    const filters = nativeOp('Conv2DBackpropFilter', [x, shapeOf(w), dy], ATTRIBUTES);
    expect(difference(winogradFilterGradient(x, dy), values(filters))).toBeLessThan(3e-6);
  });
});

describe('conv2d', () => {
  const [x, w] = [draw([8, 8, 8, 256], 4), draw([3, 3, 256, 256], 5)];
  const same = (a: Tensor, b: Tensor): boolean => tf.tidy(() => a.equal(b).all().dataSync()[0] === 1);

  test('takes this way where it suits, with its gradients, compiled too', async () => {
    expect(xlaAvailable()).toBe(true);
    const dy = draw([8, 8, 8, 256], 6);
    const convolve = (a: Tensor, b: Tensor): Tensor => conv2d(a, b, { padding: 1 });
    const step = (a: Tensor, b: Tensor, c: Tensor): Tensor[] => [
      convolve(a, b),
      ...vectorJacobian((p, q) => convolve(p!, q!), [a, b], c),
    ];
    const expected = [winogradConv2d(x, w), winogradInputGradient(dy, w), winogradFilterGradient(x, dy)];
    const before = liveTensors();
    const eager = tf.tidy(() => step(x, w, dy));
    const compiled = await compile(step)(x, w, dy);
    for (const [i, tensor] of expected.entries()) {
      expect(same(eager[i]!, tensor)).toBe(true);
      expect(difference(compiled[i]!, values(tensor))).toBeLessThan(1e-6);
    }
    tf.dispose([eager, compiled]);
    expect(liveTensors()).toBe(before);
    expect(same(expected[0]!, nativeOp('Conv2D', [x, w], ATTRIBUTES))).toBe(false); // else the test could not fail
  });

  test.each([
    { why: 'strides', options: { padding: 1, stride: 2 } },
    { why: 'dilation', options: { padding: 2, dilation: 2 } },
    { why: 'no padding', options: { padding: 0 } },
  ])('not with $why', ({ options }) => {
    const { stride = 1, padding, dilation = 1 } = options as { stride?: number; padding: number; dilation?: number };
    const attributes = {
      ...{ ...ATTRIBUTES, padding: 'EXPLICIT', strides: { ints: [1, stride, stride, 1] } },
      explicit_paddings: { ints: [0, 0, padding, padding, padding, padding, 0, 0] },
      dilations: { ints: [1, dilation, dilation, 1] },
    };
    const expected = values(nativeOp('Conv2D', [x, w], attributes));
    expect(difference(conv2d(x, w, options), expected)).toBeLessThan(1e-6);
  });
});

describe('suits', () => {
  const filter = (side: number, C: number, D: number): Tensor => tf.zeros([side, side, C, D]);
  test.each([
    [true, 'a late block of a ResNet', [64, 4, 4, 512], [3, 512, 512]],
    [true, 'sides of seven', [64, 7, 7, 512], [3, 512, 512]],
    [false, 'sides of five, whose tiles reach far beyond', [64, 5, 5, 512], [3, 512, 512]],
    [false, 'few channels', [64, 32, 32, 64], [3, 64, 256]],
    [false, 'few results, for which the filter would be transformed', [8, 4, 4, 512], [3, 512, 512]],
    [false, 'other windows', [64, 4, 4, 512], [1, 512, 512]],
  ] as const)('%s: %s', (expected, _, shape, [side, C, D]) => {
    expect(suitsWinograd(tf.zeros([...shape]), filter(side, C, D))).toBe(expected);
  });
});
