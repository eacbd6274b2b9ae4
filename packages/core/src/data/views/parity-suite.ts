/** Views for given parameters against PIL and torchvision; run by two test files, with fused kernels and without. */
import { describe, expect, test } from 'vitest';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { type Canvas, images, planes, resample, settle, settleUpright } from './canvas.ts';
import { applyViews } from './draw.ts';
import type { Drawn } from './op.ts';
import { colorJitter } from './ops/color-jitter.ts';
import { bell, blurMatrix, blurred, gaussianBlur } from './ops/gaussian-blur.ts';
import { grayscale } from './ops/grayscale.ts';
import { horizontalFlip } from './ops/horizontal-flip.ts';
import { transform } from './ops/random-affine.ts';
import { randomResizedCrop } from './ops/random-resized-crop.ts';
import { solarize } from './ops/solarize.ts';
import { type Chain, type ColorCase, fixture, largestGap, picture, type Step, valuesOf } from './parity-fixture.ts';
import { known, prepared, views } from './plan.ts';
import type { ViewOp } from './registry.ts';
import { resampling } from './sampling.ts';
import { stretchTaps } from './taps.ts';

// PIL rounds its result, and between the two passes of a resize, to whole numbers: one operation is within 1.2 of exact arithmetic.
const ROUNDED = 1.25;
// What 32-bit arithmetic leaves, in units of 1/255; hue divides by small differences of channels.
const EXACT = 2e-3;

function given(numbers: Readonly<Record<string, number | readonly number[]>>): Drawn {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [
      name,
      tf.tensor([value].flat(), typeof value === 'number' ? [1] : [1, value.length]),
    ]),
  );
}

function seen(canvas: Canvas): Tensor {
  const channels = canvas.pixels.shape[1]!;
  return images([settleUpright(canvas)], Array(channels).fill(1), Array(channels).fill(0));
}

/** One op on a picture of any proportions. */
function applied(image: string, op: ViewOp, drawn: Drawn): Tensor {
  const pixels = planes(picture(image));
  const size = pixels.shape[2]!;
  return seen(known(op).apply({ pixels, size }, op, prepared(op, drawn, size)));
}

const jitter = colorJitter({ brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.5 });

/** Of the four changes only one; the others, at their neutral values, change nothing. */
function onlyChange(op: string, factor: number): Drawn {
  return given({ brightness: 1, contrast: 1, saturation: 1, hue: 0, order: [2, 0, 3, 1], [op]: factor });
}

function colored({ image, op }: ColorCase, factor: number): Tensor {
  if (op === 'grayscale') return applied(image, grayscale(), given({ applied: 1 }));
  return applied(image, jitter, onlyChange(op, factor));
}

/** A step of a chain as an op of a plan and what was drawn for it. */
function opOf(step: Step): [ViewOp, Drawn] {
  const { top = 0, left = 0, height = 0, width = 0, factor = 0, sigma = 0, kernel = 1 } = step;
  switch (step.op) {
    case 'resizedCrop':
      return [randomResizedCrop(), given({ top, left, height, width })];
    case 'horizontalFlip':
      return [horizontalFlip(), given({ applied: 1 })];
    case 'blur':
      return [gaussianBlur({ kernelSize: kernel }), given({ sigma })];
    case 'solarize':
      return [solarize({ threshold: step.threshold! / 255 }), given({ applied: 1 })];
    case 'grayscale':
      return [grayscale(), given({ applied: 1 })];
    default:
      return [jitter, onlyChange(step.op, step.shiftUsed ?? factor)];
  }
}

function endOf({ image, steps }: Chain): Tensor {
  const size = steps[0]!.size![0];
  const [ops, drawn] = [steps.map(step => opOf(step)[0]), steps.map(step => opOf(step)[1])];
  return applyViews(views([{ count: 1, size, ops }]), picture(image), [drawn])[0]!;
}

export function describeParity(kernels: string): void {
  describe(`views for given parameters, ${kernels}`, () => {
    test.each(fixture.resizedCrop)('resized crop of $image from $top, $left, $height × $width to $size', crop => {
      const { image, top, left, height, width, size, output, exact } = crop;
      const pixels = planes(picture(image));
      const [start, length] = [given({ y: top, x: left }), given({ y: height, x: width })];
      for (const weights of [stretchTaps, resampling]) {
        const rows = weights(start.y!, length.y!, pixels.shape[2]!, size[0]);
        const columns = weights(start.x!, length.x!, pixels.shape[3]!, size[1]);
        const view = seen(resample({ pixels, size: size[0] }, rows, columns));
        expect(largestGap(view, valuesOf(output))).toBeLessThan(ROUNDED);
        if (exact) expect(largestGap(view, valuesOf(exact))).toBeLessThan(EXACT);
      }
    });

    test.each(fixture.horizontalFlip)('horizontal flip of $image', ({ image, output }) => {
      expect(largestGap(applied(image, horizontalFlip(), given({ applied: 1 })), valuesOf(output))).toBeLessThan(EXACT);
      expect(
        largestGap(applied(image, horizontalFlip(), given({ applied: 0 })), valuesOf(fixture.images[image]!)),
      ).toBeLessThan(EXACT);
    });

    test.each(fixture.color.filter(({ op }) => op !== 'hue'))('$op $factor of $image', color => {
      expect(largestGap(colored(color, color.factor), valuesOf(color.output))).toBeLessThan(ROUNDED);
    });

    test.each(fixture.color.filter(({ op }) => op === 'hue'))('hue $factor of $image', color => {
      // torchvision on floats, rounded once.
      expect(largestGap(colored(color, color.factor), valuesOf(color.tensorOutput!))).toBeLessThan(0.5 + EXACT);
      // PIL keeps hue and saturation in 8 bits, which costs it up to 11 of 255: we are no further from it than exact arithmetic is.
      expect(largestGap(colored(color, color.shiftUsed!), valuesOf(color.output))).toBeLessThan(
        color.exactGap.max + EXACT,
      );
    });

    test.each(fixture.blur.filter(({ kind }) => kind === 'torchvision'))(
      'blur of $image, sigma $sigma, $kernel taps',
      blur => {
        const pixels = planes(picture(blur.image));
        const matrix = (n: number): Tensor => blurMatrix(tf.tensor1d([blur.sigma]), (blur.kernel - 1) / 2, n);
        const [, , h, w] = pixels.shape as [number, number, number, number];
        const product = settle(resample({ pixels, size: h }, matrix(h), matrix(w)));
        const sums = blurred({ pixels, size: h }, bell(tf.tensor1d([blur.sigma]), (blur.kernel - 1) / 2));
        for (const view of [product, sums]) {
          expect(largestGap(seen(view), valuesOf(blur.output))).toBeLessThan(0.5 + EXACT);
        }
      },
    );

    test.each(fixture.solarize)('solarize $image at $threshold', ({ image, threshold, output }) => {
      const op = solarize({ threshold: (threshold - 0.5) / 255 });
      expect(largestGap(applied(image, op, given({ applied: 1 })), valuesOf(output))).toBeLessThan(EXACT);
    });

    test.each(fixture.affine)('affine of $image, $angle°, shift $translate, scale $scale, shear $shear', affine => {
      const { image, angle, translate, scale, shear, fill, inverse, output } = affine;
      const [translateX, translateY] = translate;
      const drawn = given({ angle, translateX, translateY, scale, shearX: shear[0], shearY: shear[1] });
      const pixels = planes(picture(image));
      const [, , h, w] = pixels.shape as [number, number, number, number];
      const values = seen({ pixels: transform(pixels, drawn, fill / 255), size: h }).dataSync();
      const expected = valuesOf(output);
      let inner = 0;
      for (let i = 0; i < h * w; i++) {
        const [column, row] = [(i % w) + 0.5, Math.floor(i / w) + 0.5];
        const [a, b, c, d, e, f] = inverse;
        const [x, y] = [a * column + b * row + c, d * column + e * row + f];
        // At its edge PIL repeats the last pixel where tensors blend with the fill; 1e-3 keeps off both borders.
        const inside = Math.min(x, y, w - x, h - y) >= 0.5 - 1e-3;
        const outside = Math.min(x, y, w - x, h - y) <= -0.5;
        if (!inside && !outside) continue;
        inner += Number(inside);
        for (let k = 0; k < 3; k++)
          expect(Math.abs(255 * values[3 * i + k]! - expected[3 * i + k]!)).toBeLessThan(ROUNDED);
      }
      expect(inner).toBeGreaterThan((h * w) / 2);
    });

    test.each(fixture.chains)('chain: $name', chain => {
      const view = endOf(chain);
      // Stored with two decimals.
      expect(largestGap(view, valuesOf(chain.clipped ?? chain.exact))).toBeLessThan(0.005 + EXACT);
      // PIL rounds after every step, and later steps enlarge that.
      expect(largestGap(view, valuesOf(chain.steps.at(-1)!.output))).toBeLessThan(chain.clippedGap.max + 0.005 + EXACT);
    });
  });
}
