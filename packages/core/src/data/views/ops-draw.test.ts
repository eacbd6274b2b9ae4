import { describe, expect, test } from 'vitest';
import { compile } from '../../tensor/compile.ts';
import { rngFromKey, rngFromSeed, stepKey } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { channelRule } from './channel-rule.ts';
import { critical, distanceToUniform, wholeCounts } from './distribution.ts';
import { applyViews, drawParameters, drawViews } from './draw.ts';
import { autocontrast } from './ops/autocontrast.ts';
import { brightness } from './ops/brightness.ts';
import { channelDropout } from './ops/channel-dropout.ts';
import { contrast } from './ops/contrast.ts';
import { equalize } from './ops/equalize.ts';
import { erase } from './ops/erase.ts';
import { gaussianNoise } from './ops/gaussian-noise.ts';
import { hue } from './ops/hue.ts';
import { photometric } from './ops/photometric.ts';
import { posterize } from './ops/posterize.ts';
import { randomRotation } from './ops/random-rotation.ts';
import { saturation } from './ops/saturation.ts';
import { sharpness } from './ops/sharpness.ts';
import { verticalFlip } from './ops/vertical-flip.ts';
import { views } from './plan.ts';
import type { ViewOp } from './registry.ts';

const N = 20_000;

/** What one op draws for `N` pictures. */
function draws(op: ViewOp, channels = 3, size = 32): Record<string, number[]> {
  const plan = views([{ count: 1, size, ops: [op] }]);
  const drawn = drawParameters(plan, [N, size, size, channels], { rng: rngFromSeed(1) })[0]!.at(-1)!;
  return Object.fromEntries(Object.entries(drawn).map(([name, tensor]) => [name, Array.from(tensor.dataSync())]));
}

/** Noise on a slope: no op leaves it as it is. */
function pictures(batch: number, size: number, channels = 3): Tensor {
  const values = Float32Array.from(
    { length: batch * size * size * channels },
    (_, i) => 30 + ((i * 7919) % 131) + (Math.floor(i / channels) % size),
  );
  return tf.tensor(values, [batch, size, size, channels]);
}

/** A batch of one and the same picture. */
function copies(batch: number, size: number, channels = 3): Tensor {
  return tf.tile(pictures(1, size, channels), [batch, 1, 1, 1]);
}

function view(op: ViewOp, x: Tensor, seed = 1): Tensor {
  const plan = views([{ count: 1, size: x.shape[1]!, ops: [op] }]);
  return drawViews(plan, x, { rng: rngFromSeed(seed) })[0]!;
}

/** Of each picture, the largest change of a value. */
function changes(after: Tensor, before: Tensor): number[] {
  return Array.from(after.sub(before.div(255)).abs().max([1, 2, 3]).dataSync());
}

/** Every op of this kind, made with a probability. */
const withP = {
  verticalFlip: (p: number) => verticalFlip({ p }),
  brightness: (p: number) => brightness({ p }),
  contrast: (p: number) => contrast({ p }),
  saturation: (p: number) => saturation({ p }),
  hue: (p: number) => hue({ p }),
  'hue in YIQ': (p: number) => hue({ p, space: 'yiq' }),
  posterize: (p: number) => posterize({ p, bits: [1, 4] }),
  equalize: (p: number) => equalize({ p }),
  autocontrast: (p: number) => autocontrast({ p }),
  sharpness: (p: number) => sharpness({ p }),
  photometric: (p: number) => photometric({ p }),
  gaussianNoise: (p: number) => gaussianNoise({ p }),
  erase: (p: number) => erase({ p }),
  'erase with noise': (p: number) => erase({ p, fill: 'noise' }),
  randomRotation: (p: number) => randomRotation({ p, degrees: [5, 10] }),
} as const;

describe('probability', () => {
  test.each(Object.entries(withP))('%s leaves out as many pictures as it should, and those exactly', (_name, make) => {
    const x = copies(600, 20); // PIL does not equalize fewer than 256 pixels
    for (const p of [0, 0.3, 1]) {
      const changed = changes(view(make(p), x), x).filter(change => change > 1e-6).length / 600;
      expect(Math.abs(changed - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / 600));
    }
  });

  test.each(Object.entries(withP))('%s does as it is told on 1 to 16 channels', (_name, make) => {
    for (const channels of [1, 4, 16]) {
      const x = pictures(40, 20, channels);
      const op = make(0.5);
      const changed = changes(view(op, x), x).filter(change => change > 1e-6).length;
      if (channelRule(op, channels).rule === 'skipped') expect(changed).toBe(0);
      else expect(changed).toBeGreaterThan(5);
    }
  });
});

describe('what is drawn', () => {
  test('factors and turns are uniform in their ranges', () => {
    const ranges: [ViewOp, string, number, number][] = [
      [brightness({ factor: 0.8 }), 'factor', 0.2, 1.8],
      [contrast({ factor: [0.5, 0.9] }), 'factor', 0.5, 0.9],
      [saturation({ factor: 2 }), 'factor', 0, 3],
      [hue({ turn: 0.2 }), 'turn', -0.2, 0.2],
      [sharpness({ p: 1 }), 'factor', 0.1, 1.9],
      [photometric({ p: 1 }), 'factor', 0.1, 1.9],
      [gaussianNoise({ p: 1, sigma: [0.1, 0.3] }), 'sigma', 0.1, 0.3],
      [randomRotation({ degrees: [3, 20] }), 'angle', -20, -3], // counter-clockwise
    ];
    for (const [op, name, low, high] of ranges) {
      expect(distanceToUniform(draws(op)[name]!, low, high), op.op).toBeLessThan(critical(N));
    }
  });

  test('bits and thresholds are whole numbers, the ends as likely as the others', () => {
    const uniform = (values: number[], low: number, high: number): void => {
      const counts = wholeCounts(values).slice(low);
      const expected = N / (high - low + 1);
      expect(counts.length).toBe(high - low + 1);
      for (const count of counts) expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
    };
    uniform(draws(posterize({ p: 1 })).bits!, 4, 8);
    uniform(draws(posterize({ p: 1, bits: [1, 3] })).bits!, 1, 3);
    const { bits, threshold } = draws(photometric({ p: 1 }));
    uniform(bits!, 4, 8);
    uniform(threshold!, 0, 256);
  });

  test('rectangles to erase lie within the view and have the area and ratio asked for', () => {
    const size = 1000;
    const { top, left, height, width } = draws(erase({ p: 1, scale: [0.1, 0.2], ratio: [0.5, 3] }), 3, size);
    const boxes = height!.map((h, i) => ({ h, w: width![i]!, top: top![i]!, left: left![i]! }));
    expect(
      boxes.every(box => box.top >= 0 && box.left >= 0 && box.top + box.h <= size && box.left + box.w <= size),
    ).toBe(true);
    const area = boxes.map(({ h, w }) => (h * w) / size ** 2);
    const ratio = boxes.map(({ h, w }) => Math.log(h / w));
    const place = boxes.map(box => (box.top + 0.5) / (size - box.h + 1));
    expect(distanceToUniform(area, 0.1, 0.2)).toBeLessThan(critical(N));
    expect(distanceToUniform(ratio, Math.log(0.5), Math.log(3))).toBeLessThan(critical(N));
    expect(distanceToUniform(place, 0, 1)).toBeLessThan(critical(N));
  });

  test('a rectangle that cannot be smaller than the view is not drawn', () => {
    const { height, width } = draws(erase({ p: 1, scale: [1, 1], ratio: [1, 1] }));
    expect(new Set([...height!, ...width!])).toEqual(new Set([0]));
  });

  test.each([1, 3, 16])('of %d channels at least one is kept, any as often as another', channels => {
    const p = 0.6;
    const kept = draws(channelDropout({ p }), channels).kept!;
    const shares = Array.from(
      { length: channels },
      (_, c) => kept.filter((k, i) => i % channels === c && k === 1).length / N,
    );
    const expected = 1 - p + p ** channels / channels;
    for (const share of shares) {
      expect(Math.abs(share - expected)).toBeLessThanOrEqual(4 * Math.sqrt((expected * (1 - expected)) / N));
    }
    for (let i = 0; i < N; i++) expect(kept.slice(i * channels, (i + 1) * channels)).toContain(1);
  });
});

describe('noise', () => {
  const grey = tf.fill([64, 16, 16, 3], 127.5);

  test('is normal, of the strength drawn, and another for every picture', () => {
    const noise = view(gaussianNoise({ p: 1, sigma: [0.1, 0.1] }), grey)
      .sub(0.5)
      .reshape([64, 768]);
    const n = 64 * 768;
    const { mean, variance } = tf.moments(noise);
    expect(Math.abs(mean.dataSync()[0]!)).toBeLessThan((4 * 0.1) / Math.sqrt(n));
    expect(Math.abs(Math.sqrt(variance.dataSync()[0]!) / 0.1 - 1)).toBeLessThan(4 / Math.sqrt(2 * n));
    const within = tf.cast(noise.abs().less(0.1), 'float32').mean().dataSync()[0]!;
    expect(within).toBeCloseTo(0.6827, 1);
    const products = tf.matMul(noise as never, noise as never, false, true).div(768 * 0.01);
    const others = products
      .mul(tf.sub(1, tf.eye(64)))
      .abs()
      .max()
      .dataSync()[0]!;
    expect(others).toBeLessThan(6 / Math.sqrt(768));
  });

  test('covers what is erased and nothing else, or the mean of the channel does', () => {
    const box = { top: [3], left: [4], height: [6], width: [9] };
    const drawn = Object.fromEntries(Object.entries(box).map(([name, values]) => [name, tf.tensor1d(values)]));
    const x = pictures(1, 16);
    const erased = (fill: 'noise' | 'mean'): Tensor => {
      const plan = views([{ count: 1, size: 16, ops: [erase({ fill })] }]);
      return applyViews(plan, x, [[{}, { ...drawn, seed: tf.tensor2d([[5, 7]]) }]])[0]!;
    };
    const inside = (t: Tensor): Tensor => t.slice([0, 3, 4, 0], [1, 6, 9, 3]);
    for (const fill of ['noise', 'mean'] as const) {
      const changed = tf.cast(erased(fill).sub(x.div(255)).abs().greater(1e-6), 'float32');
      expect(inside(changed).sum().dataSync()[0]).toBe(changed.sum().dataSync()[0]);
    }
    const noise = inside(erased('noise'));
    expect(Math.abs(noise.mean().dataSync()[0]! - 0.5)).toBeLessThan(4 / Math.sqrt(12 * 162));
    const means = inside(erased('mean')).sub(x.div(255).mean([1, 2]));
    expect(means.abs().max().dataSync()[0]).toBeLessThan(1e-5);
  });
});

describe('keys', () => {
  const ops = [
    verticalFlip(),
    brightness(),
    contrast(),
    saturation(),
    hue(),
    sharpness(),
    posterize(),
    equalize(),
    photometric(),
    gaussianNoise(),
    erase({ fill: 'noise' }),
    channelDropout(),
  ];
  const plan = views([{ count: 2, size: 12, ops }]);

  test('one key draws the same every time, compiled or not; another, another view and another picture do not', async () => {
    const x = copies(6, 16);
    const compiled = compile((images: Tensor, key: Tensor) => drawViews(plan, images, { rng: rngFromKey(key) }));
    const [first, second] = (await compiled(x, stepKey(7, 1))) as [Tensor, Tensor];
    const values = first.dataSync();
    const [eager] = drawViews(plan, x, { rng: rngFromKey(stepKey(7, 1)) }) as [Tensor];
    const [next] = drawViews(plan, x, { rng: rngFromKey(stepKey(7, 2)) }) as [Tensor];
    expect(eager.dataSync()).toEqual(values);
    expect(next.dataSync()).not.toEqual(values);
    expect(second.dataSync()).not.toEqual(values);
    expect(new Set(Array.from({ length: 6 }, (_, b) => values.subarray(b * 432, (b + 1) * 432).join())).size).toBe(6);
    compiled.dispose();
  });
});
