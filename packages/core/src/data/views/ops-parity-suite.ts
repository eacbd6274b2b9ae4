/** Single view ops for given parameters against PIL, torchvision and Kornia; run by two test files, with fused kernels and without. */
import { describe, expect, test } from 'vitest';
import { rngFromSeed } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { drawViews } from './draw.ts';
import { autocontrast } from './ops/autocontrast.ts';
import { brightness } from './ops/brightness.ts';
import { centerCrop } from './ops/center-crop.ts';
import { contrast } from './ops/contrast.ts';
import { equalize } from './ops/equalize.ts';
import { erase } from './ops/erase.ts';
import { hue } from './ops/hue.ts';
import { invert } from './ops/invert.ts';
import { lab } from './ops/lab.ts';
import { photometric } from './ops/photometric.ts';
import { posterize } from './ops/posterize.ts';
import { randomRotation } from './ops/random-rotation.ts';
import { saturation } from './ops/saturation.ts';
import { sharpness } from './ops/sharpness.ts';
import { verticalFlip } from './ops/vertical-flip.ts';
import { appliedTo, given, opsFixture, opsPicture } from './ops-fixture.ts';
import { type ColorCase, fixture, largestGap, picture, valuesOf } from './parity-fixture.ts';
import { views } from './plan.ts';
import type { ViewOp } from './registry.ts';

// PIL rounds its result, and between the two passes of a resize, to whole numbers: one operation is within 1.2 of exact arithmetic.
const ROUNDED = 1.25;
// What 32-bit arithmetic leaves, in units of 1/255; hue divides by small differences of channels.
const EXACT = 2e-3;
// Powers of 32-bit numbers, times 500 on the way to a colour axis.
const POWERS = 0.02;

const factorOps = { brightness, contrast, saturation };

function colored({ image, op, factor }: ColorCase): Tensor {
  if (op === 'hue') return appliedTo(picture(image), hue(), given({ turn: factor }));
  return appliedTo(picture(image), factorOps[op as keyof typeof factorOps](), given({ factor }));
}

/** An op whose pictures of the fixture are bytes that it must meet exactly. */
function expectBytes(
  image: string,
  op: ViewOp,
  numbers: Record<string, number>,
  output: Parameters<typeof valuesOf>[0],
) {
  const view = appliedTo(opsPicture(image), op, given(numbers));
  expect(largestGap(view, valuesOf(output))).toBeLessThan(EXACT);
}

export function describeOpsParity(kernels: string): void {
  describe(`single ops for given parameters, ${kernels}`, () => {
    test.each(opsFixture.centerCrop)('the middle $size of $image, its shorter side $shorterSide', crop => {
      const { image, shorterSide, size, output } = crop;
      const plan = views([{ count: 1, size, ops: [centerCrop({ shorterSide })] }]);
      const [view] = drawViews(plan, opsPicture(image), { rng: rngFromSeed(1) }) as [Tensor];
      expect(largestGap(view, valuesOf(output))).toBeLessThan(ROUNDED);
    });

    test('the middle of a picture in the corner of its canvas is that of the picture alone', () => {
      const plan = views([{ count: 1, size: 32, ops: [centerCrop({ shorterSide: 32 })] }]);
      const [alone] = drawViews(plan, opsPicture('photo'), { rng: rngFromSeed(1) }) as [Tensor];
      const padding: [number, number][] = [
        [0, 0],
        [0, 60],
        [0, 9],
        [0, 0],
      ];
      const [cornered] = drawViews(plan, opsPicture('photo').pad(padding, 1e6), {
        rng: rngFromSeed(1),
        sizes: tf.tensor2d([[48, 64]]),
      }) as [Tensor];
      expect(cornered.sub(alone).abs().max().dataSync()[0]).toBeLessThan(1e-5);
    });

    test.each(opsFixture.verticalFlip)('vertical flip of $image', ({ image, output }) => {
      expectBytes(image, verticalFlip(), { applied: 1 }, output);
      expectBytes(image, verticalFlip(), { applied: 0 }, opsFixture.images[image]!);
    });

    test.each(['photo', 'large'])('%s resized and flipped at once is the resized one, flipped', image => {
      const resized = (ops: ViewOp[]): Tensor => {
        const plan = views([{ count: 1, size: 24, ops }]);
        return drawViews(plan, opsPicture(image), { rng: rngFromSeed(1) })[0]!;
      };
      const gap = resized([verticalFlip({ p: 1 })]).sub(resized([]).reverse(1));
      expect(gap.abs().max().dataSync()[0]).toBeLessThan(1e-6);
    });

    test.each(fixture.color.filter(({ op }) => op in factorOps))('$op $factor of $image, by itself', color => {
      expect(largestGap(colored(color), valuesOf(color.output))).toBeLessThan(ROUNDED);
    });

    test.each(fixture.color.filter(({ op }) => op === 'hue'))('hue $factor of $image, by itself', color => {
      expect(largestGap(colored(color), valuesOf(color.tensorOutput!))).toBeLessThan(0.5 + EXACT);
    });

    test.each(opsFixture.hueYiq)('hue $turn of $image in YIQ', ({ image, turn, output }) => {
      const view = appliedTo(opsPicture(image), hue({ space: 'yiq' }), given({ turn }));
      expect(largestGap(view, valuesOf(output))).toBeLessThan(0.5 + EXACT);
    });

    test.each(opsFixture.posterize)('posterize $image to $bits bits', ({ image, bits, output }) => {
      expectBytes(image, posterize(), { bits }, output);
    });

    test.each(opsFixture.equalize)('equalize $image', ({ image, output }) => {
      expectBytes(image, equalize(), { applied: 1 }, output);
    });

    test.each(opsFixture.autocontrast)('autocontrast of $image', ({ image, output }) => {
      const view = appliedTo(opsPicture(image), autocontrast(), given({ applied: 1 }));
      expect(largestGap(view, valuesOf(output))).toBeLessThan(1 + EXACT); // PIL cuts the fraction off
    });

    test.each(opsFixture.invert)('invert $image', ({ image, output }) => {
      expectBytes(image, invert(), { applied: 1 }, output);
    });

    test.each(opsFixture.sharpness)('sharpness $factor of $image', ({ image, factor, output, tensorOutput }) => {
      const view = appliedTo(opsPicture(image), sharpness(), given({ factor }));
      expect(largestGap(view, valuesOf(tensorOutput))).toBeLessThan(0.005 + EXACT); // stored with two decimals
      expect(largestGap(view, valuesOf(output))).toBeLessThan(1.4); // PIL rounds the smoothed picture and cuts the result
    });

    test.each(opsFixture.photometric)(
      'photometric set on $image: $bits bits, sharpness $factor, solarized from $threshold',
      ({ image, bits, factor, threshold, output }) => {
        const drawn = given({ applied: 1, bits, factor, threshold });
        // The last step is a cut in 64 bits there: where the exact result is a whole number, theirs may lie just below it.
        const view = appliedTo(opsPicture(image), photometric(), drawn);
        expect(largestGap(view, valuesOf(output))).toBeLessThan(1 + EXACT);
      },
    );

    test.each(opsFixture.erase)('erase $height × $width of $image with $fill', erased => {
      const { image, top, left, height, width, fill, output } = erased;
      const view = appliedTo(opsPicture(image), erase({ fill }), {
        ...given({ top, left, height, width }),
        seed: tf.zeros([1, 2]),
      });
      expect(largestGap(view, valuesOf(output))).toBeLessThan(0.5 + EXACT);
    });

    test.each(opsFixture.lab)('Lab of $image', ({ image, exact }) => {
      expect(largestGap(appliedTo(opsPicture(image), lab(), {}), valuesOf(exact))).toBeLessThan(POWERS);
    });

    test.each(fixture.rotate)('rotation of $image by $angle° counter-clockwise', ({ image, angle, fill, output }) => {
      const op = randomRotation({ degrees: [angle, angle], fill: fill / 255 });
      const neutral = { translateX: 0, translateY: 0, scale: 1, shearX: 0, shearY: 0 };
      const x = picture(image);
      const view = appliedTo(x, op, given({ ...neutral, angle: op.degrees[0] })).dataSync();
      const expected = valuesOf(output);
      const [h, w] = x.shape.slice(1) as [number, number];
      const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
      let inner = 0;
      for (let i = 0; i < h * w; i++) {
        const [dx, dy] = [(i % w) + 0.5 - w / 2, Math.floor(i / w) + 0.5 - h / 2];
        const [fromX, fromY] = [cos * dx - sin * dy + w / 2, sin * dx + cos * dy + h / 2];
        // At its edge PIL repeats the last pixel where tensors blend with the fill.
        if (Math.min(fromX, fromY, w - fromX, h - fromY) < 0.5 + 1e-3) continue;
        inner++;
        for (let k = 0; k < 3; k++)
          expect(Math.abs(255 * view[3 * i + k]! - expected[3 * i + k]!)).toBeLessThan(ROUNDED);
      }
      expect(inner).toBeGreaterThan((h * w) / 2);
    });
  });
}
