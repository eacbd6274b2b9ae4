import { describe, expect, test } from 'vitest';
import { compile } from '../../tensor/compile.ts';
import { byteTensor } from '../../tensor/native.ts';
import { rngFromKey, rngFromSeed, stepKey } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { liveTensors } from '../../tensor/variable.ts';
import { critical, distanceToUniform } from './distribution.ts';
import { applyViews, drawParameters, drawViews } from './draw.ts';
import { colorJitter } from './ops/color-jitter.ts';
import { gaussianBlur } from './ops/gaussian-blur.ts';
import { grayscale } from './ops/grayscale.ts';
import { horizontalFlip } from './ops/horizontal-flip.ts';
import { randomAffine } from './ops/random-affine.ts';
import { randomResizedCrop } from './ops/random-resized-crop.ts';
import { strokeWidth } from './ops/stroke-width.ts';
import { views } from './plan.ts';
import type { ViewOp } from './registry.ts';

const N = 20_000;

/** What one op draws for `n` square pictures, by name. */
function draws(op: ViewOp, n: number = N, seed = 1): Record<string, Float32Array> {
  const plan = views([{ count: 1, size: 32, ops: [op] }]);
  const drawn = drawParameters(plan, [n, 32, 32, 3], { rng: rngFromSeed(seed) })[0]!.at(-1)!;
  return Object.fromEntries(Object.entries(drawn).map(([name, tensor]) => [name, tensor.dataSync() as Float32Array]));
}

function pictures(batch: number, height = 24, width = 24, channels = 3): Tensor {
  const values = Float32Array.from({ length: batch * height * width * channels }, (_, i) => (i * 7919) % 256);
  return tf.tensor(values, [batch, height, width, channels]);
}

const simclr = [
  randomResizedCrop(),
  horizontalFlip(),
  colorJitter({ brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2, p: 0.8 }),
  grayscale(),
  gaussianBlur(),
];

describe('what is drawn', () => {
  test('factors are uniform in their ranges, neutral where the jitter is left out, and independent of each other', () => {
    const { brightness, contrast, saturation, hue } = draws(
      colorJitter({ brightness: 0.8, contrast: [0.5, 0.9], saturation: 2, hue: 0.1, p: 0.8 }),
    );
    const used = Array.from(brightness!.keys()).filter(i => hue![i] !== 0);
    expect(used.length / N).toBeCloseTo(0.8, 1);
    const left = Array.from(brightness!.keys()).filter(i => hue![i] === 0);
    expect(left.every(i => brightness![i] === 1 && contrast![i] === 1 && saturation![i] === 1)).toBe(true);
    const ranges = [
      [brightness!, 0.2, 1.8],
      [contrast!, 0.5, 0.9],
      [saturation!, 0, 3],
      [hue!, -0.1, 0.1],
    ] as const;
    for (const [values, low, high] of ranges) {
      expect(
        distanceToUniform(
          used.map(i => values[i]!),
          low,
          high,
        ),
      ).toBeLessThan(critical(used.length));
    }
    const correlation =
      used.reduce((sum, i) => sum + (brightness![i]! - 1) * hue![i]!, 0) /
      used.length /
      ((0.8 / Math.sqrt(3)) * (0.1 / Math.sqrt(3)));
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(used.length));
  });

  test('every order of the four changes is equally likely', () => {
    const order = draws(colorJitter({ brightness: 0.4 })).order!;
    const counts = new Map<string, number>();
    for (let i = 0; i < N; i++) {
      const key = order.subarray(4 * i, 4 * i + 4).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].every(key => key.split(',').sort().join() === '0,1,2,3')).toBe(true);
    const expected = N / 24;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(counts.size).toBe(24);
    expect(chiSquare).toBeLessThan(58.6); // 23 degrees of freedom, once in 16,000 times
  });

  test('blur is uniform in sigma, and is left out as often as it should be', () => {
    const sigma = draws(gaussianBlur({ sigma: [0.1, 2], p: 0.3 })).sigma!;
    const used = Array.from(sigma.filter(value => value > 0));
    expect(Math.abs(used.length / N - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / N));
    expect(distanceToUniform(used, 0.1, 2)).toBeLessThan(critical(used.length));
  });

  test.each([0, 0.2, 0.5, 1])('coins fall with probability %d', p => {
    for (const op of [horizontalFlip({ p }), grayscale({ p })]) {
      const share = draws(op).applied!.reduce((sum, value) => sum + value, 0) / N;
      expect(Math.abs(share - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / N));
    }
  });

  test('one op knows nothing of what another draws', () => {
    const plan = views([{ count: 1, size: 32, ops: [horizontalFlip(), grayscale({ p: 0.5 })] }]);
    const [, flip, gray] = drawParameters(plan, [N, 32, 32, 3], { rng: rngFromSeed(1) })[0]!;
    const both = flip!.applied!.mul(gray!.applied!).mean().dataSync()[0]!;
    expect(Math.abs(both - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / N));
  });

  test('affine draws whole pixels within the share of the size, and strokes go both ways', () => {
    const { translateX, translateY, angle, scale } = draws(
      randomAffine({ degrees: [-10, 20], translate: [0.1, 0], scale: [0.8, 1.1] }),
    );
    expect(new Set(translateX)).toEqual(new Set([-3, -2, -1, 0, 1, 2, 3])); // 3.2 rounded
    expect(translateY!.every(value => value === 0)).toBe(true);
    expect(distanceToUniform(Array.from(angle!), -10, 20)).toBeLessThan(critical(N));
    expect(distanceToUniform(Array.from(scale!), 0.8, 1.1)).toBeLessThan(critical(N));
    const amount = Array.from(draws(strokeWidth({ p: 1, amount: [0, 1] })).amount!);
    expect(distanceToUniform(amount, -1, 1)).toBeLessThan(critical(N));
  });
});

test('bytes, floats and whole numbers of the same pictures give the same views, compiled or not', async () => {
  const plan = views([{ count: 1, size: 16, ops: [randomResizedCrop(), horizontalFlip()] }]);
  const floats = pictures(3);
  const bytes = byteTensor(Uint8Array.from(floats.dataSync()), [3, 24, 24, 3]);
  const drawn = (x: Tensor): Tensor => drawViews(plan, x, { rng: rngFromSeed(2) })[0]!;
  const values = drawn(floats).dataSync();
  expect(Math.max(...values)).toBeGreaterThan(0.5);
  expect(drawn(bytes).dataSync()).toEqual(values);
  expect(drawn(tf.cast(floats, 'int32')).dataSync()).toEqual(values);
  expect((await compile(drawn)(bytes)).dataSync()).toEqual(values);
});

describe('keys', () => {
  const plan = views([{ count: 2, size: 16, ops: simclr }]);

  test('one key draws the same every time, another one something else; views and pictures differ', () => {
    const x = tf.tile(pictures(1), [4, 1, 1, 1]);
    const [first, second] = drawViews(plan, x, { rng: rngFromKey(stepKey(7, 1)) }) as [Tensor, Tensor];
    const [again] = drawViews(plan, x, { rng: rngFromKey(stepKey(7, 1)) }) as [Tensor];
    const [next] = drawViews(plan, x, { rng: rngFromKey(stepKey(7, 2)) }) as [Tensor];
    const values = first.dataSync();
    expect(again.dataSync()).toEqual(values);
    expect(next.dataSync()).not.toEqual(values);
    expect(second.dataSync()).not.toEqual(values);
    const rows = new Set(Array.from({ length: 4 }, (_, b) => values.subarray(b * 768, (b + 1) * 768).join()));
    expect(rows.size).toBe(4);
  });

  test('compiled and eager agree bit for bit, and nothing is left behind', async () => {
    const compiled = compile((x: Tensor, key: Tensor) => drawViews(plan, x, { rng: rngFromKey(key) }));
    const [x, key] = [pictures(6), stepKey(3, 5)];
    const eager = drawViews(plan, x, { rng: rngFromKey(key) });
    const results = await compiled(x, key);
    for (const [i, view] of results.entries()) {
      expect(view.shape).toEqual([6, 16, 16, 3]);
      expect(view.dataSync()).toEqual(eager[i]!.dataSync());
    }
    tf.dispose([eager, results]);
    const alive = liveTensors();
    for (let step = 0; step < 3; step++) {
      tf.dispose(await compiled(x, key));
      tf.dispose(tf.tidy(() => drawViews(plan, x, { rng: rngFromKey(key) })));
    }
    expect(liveTensors()).toBe(alive);
    compiled.dispose();
  });

  test('parameters that are drawn and applied give what is drawn at once', () => {
    const x = pictures(3);
    const parameters = drawParameters(plan, x.shape, { rng: rngFromSeed(9) });
    const applied = applyViews(plan, x, parameters);
    const drawn = drawViews(plan, x, { rng: rngFromSeed(9) });
    for (const [i, view] of applied.entries()) expect(view.dataSync()).toEqual(drawn[i]!.dataSync());
  });
});
