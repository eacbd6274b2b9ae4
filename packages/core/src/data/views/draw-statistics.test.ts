import { describe, expect, test } from 'vitest';
import { rngFromSeed } from '../../tensor/rng.ts';
import { readFixture } from '../../testing/fixtures.ts';
import { binCounts, critical, distance, wholeCounts } from './distribution.ts';
import { drawParameters } from './draw.ts';
import { colorJitter } from './ops/color-jitter.ts';
import { erase } from './ops/erase.ts';
import { gaussianBlur } from './ops/gaussian-blur.ts';
import { grayscale } from './ops/grayscale.ts';
import { horizontalFlip } from './ops/horizontal-flip.ts';
import { randomAffine } from './ops/random-affine.ts';
import { randomResizedCrop } from './ops/random-resized-crop.ts';
import { solarize } from './ops/solarize.ts';
import { verticalFlip } from './ops/vertical-flip.ts';
import { views } from './plan.ts';
import type { ViewOp } from './registry.ts';

type Pair = readonly [number, number];

/** Counts between `edges`, or of the whole numbers from `lowest` on. */
interface Histogram {
  readonly edges?: readonly number[];
  readonly lowest?: number;
  readonly counts: readonly number[];
}

interface Draws {
  readonly draws: number;
  readonly edges: { readonly area: readonly number[]; readonly ratio: readonly number[] };
  readonly randomResizedCrop: readonly {
    readonly height: number;
    readonly width: number;
    readonly scale: Pair;
    readonly ratio: Pair;
    readonly counts: Readonly<Record<string, readonly number[]>>;
  }[];
  readonly colorJitter: Readonly<Record<'brightness' | 'contrast' | 'saturation' | 'hue', Histogram>> & {
    readonly settings: Readonly<Record<'brightness' | 'contrast' | 'saturation' | 'hue', number>>;
    readonly orders: Readonly<Record<string, number>>;
  };
  readonly gaussianBlur: { readonly sigma: Histogram };
  readonly randomAffine: Readonly<
    Record<'angle' | 'translateX' | 'translateY' | 'scale' | 'shearX' | 'shearY', Histogram>
  > & {
    readonly size: number;
    readonly settings: Readonly<Record<'degrees' | 'translate' | 'scale' | 'shearX' | 'shearY', Pair>>;
  };
  readonly erase: Readonly<Record<'top' | 'left' | 'height' | 'width', Histogram>> & { readonly size: number };
  readonly rates: Readonly<
    Record<'horizontalFlip' | 'verticalFlip' | 'grayscale' | 'solarize', { p: number; applied: number }>
  >;
}

/** What torchvision draws; written by `scripts/parity/view_draws.py`. */
const reference = readFixture<Draws>(new URL('..', import.meta.url).href, 'view-draws.json');
const N = 100_000;

/** What an op draws for N pictures, by name. */
function drawn(op: ViewOp, [height, width]: Pair = [32, 32], size = 32): Readonly<Record<string, Float32Array>> {
  const plan = views([{ count: 1, size, ops: [op] }]);
  const parameters = drawParameters(plan, [N, height, width, 3], { rng: rngFromSeed(3) })[0]!.at(-1)!;
  return Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]) => [name, tensor.dataSync() as Float32Array]),
  );
}

/** Kolmogorov and Smirnov's test: the same distribution would be refused once in 10,000 times; the draws are always the same. */
function expectSame(name: string, found: readonly number[], expected: readonly number[]): void {
  expect(distance(found, expected), name).toBeLessThan(critical(N, reference.draws));
}

function expectHistogram(name: string, values: Float32Array, { edges, lowest = 0, counts }: Histogram): void {
  const found = edges ? binCounts(values, edges) : wholeCounts(values.map(value => value - lowest));
  expect(
    found.reduce((sum, count) => sum + count, 0),
    name,
  ).toBe(N);
  expectSame(name, found, counts);
}

describe('over 100,000 draws, torchvision and these draw alike', () => {
  test.each(reference.randomResizedCrop)('crops of $height × $width, scale $scale, ratio $ratio', expected => {
    const { height, width, scale, ratio, counts } = expected;
    const { top, left, height: h, width: w } = drawn(randomResizedCrop({ scale, ratio }), [height, width]);
    expect(top!.every((y, i) => y >= 0 && y + h![i]! <= height && left![i]! >= 0 && left![i]! + w![i]! <= width)).toBe(
      true,
    );
    const { edges } = reference;
    expectSame('top', wholeCounts(top!), counts.top!);
    expectSame('left', wholeCounts(left!), counts.left!);
    expectSame('height', wholeCounts(h!), counts.height!);
    expectSame('width', wholeCounts(w!), counts.width!);
    const area = h!.map((value, i) => (value * w![i]!) / (height * width));
    expectSame('area', binCounts(area, edges.area), counts.area!);
    const logRatio = h!.map((value, i) => Math.log(w![i]! / value));
    expectSame('ratio', binCounts(logRatio, edges.ratio), counts.ratio!);
  });

  test('factors, hue and order of the colour jitter', () => {
    const { settings, orders, ...parts } = reference.colorJitter;
    const found = drawn(colorJitter(settings));
    for (const [name, histogram] of Object.entries(parts)) expectHistogram(name, found[name]!, histogram);
    const counts: Record<string, number> = {};
    for (let i = 0; i < N; i++) {
      const order = found.order!.subarray(4 * i, 4 * i + 4).join('');
      counts[order] = (counts[order] ?? 0) + 1;
    }
    const names = Object.keys(orders);
    expect(Object.keys(counts).sort()).toEqual([...names].sort());
    const chiSquare = names.reduce(
      (sum, name) => sum + (counts[name]! - orders[name]!) ** 2 / (counts[name]! + orders[name]!),
      0,
    );
    expect(chiSquare).toBeLessThan(58.6); // 23 degrees of freedom, once in 16,000 times
  });

  test('sigma of the blur', () => {
    expectHistogram('sigma', drawn(gaussianBlur({ sigma: [0.1, 2], p: 1 })).sigma!, reference.gaussianBlur.sigma);
  });

  test('angle, shift, scale and shear of affine maps', () => {
    const { settings, size, ...parts } = reference.randomAffine;
    const found = drawn(randomAffine(settings), [size, size], size);
    for (const [name, histogram] of Object.entries(parts)) expectHistogram(name, found[name]!, histogram);
  });

  test('place and size of what is erased', () => {
    const { size, ...parts } = reference.erase;
    const found = drawn(erase({ p: 1 }), [size, size], size);
    for (const [name, histogram] of Object.entries(parts)) expectHistogram(name, found[name]!, histogram);
  });

  test.each([
    ['horizontalFlip', horizontalFlip],
    ['verticalFlip', verticalFlip],
    ['grayscale', grayscale],
    ['solarize', solarize],
  ] as const)('how often %s is applied', (name, op) => {
    const { p, applied } = reference.rates[name];
    const own = drawn(op({ p })).applied!.reduce((sum, value) => sum + value, 0);
    // Two samples: their shares differ by this much once in 16,000 times.
    expect(Math.abs(own / N - applied / reference.draws)).toBeLessThan(
      4 * Math.sqrt(p * (1 - p) * (1 / N + 1 / reference.draws)),
    );
  });
});
