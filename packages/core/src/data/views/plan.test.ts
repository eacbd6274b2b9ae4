import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { colorJitter } from './ops/color-jitter.ts';
import { gaussianBlur } from './ops/gaussian-blur.ts';
import { grayscale } from './ops/grayscale.ts';
import { horizontalFlip } from './ops/horizontal-flip.ts';
import { randomAffine } from './ops/random-affine.ts';
import { randomResizedCrop } from './ops/random-resized-crop.ts';
import { resize } from './ops/resize.ts';
import { solarize } from './ops/solarize.ts';
import { strokeWidth } from './ops/stroke-width.ts';
import { everyView, viewIndices, views } from './plan.ts';
import type { ViewOp } from './registry.ts';
import { IMAGENET_STATISTICS } from './statistics.ts';

describe('views', () => {
  const plan = views([
    { count: 2, size: 224, ops: [randomResizedCrop({ scale: [0.2, 1] }), horizontalFlip(), gaussianBlur()] },
    {
      count: 6,
      size: 96,
      ops: [randomResizedCrop({ scale: [0.05, 0.2] }), solarize()],
      normalize: IMAGENET_STATISTICS,
    },
  ]);

  test('a plan is plain data and comes back from JSON as it was', () => {
    const stored: unknown = JSON.parse(JSON.stringify(plan));
    expect(stored).toEqual(plan);
    expect(views(stored as typeof plan)).toEqual(plan);
  });

  test('counts are spelled out in order', () => {
    expect(everyView(plan).map(({ size }) => size)).toEqual([224, 224, 96, 96, 96, 96, 96, 96]);
  });

  test('views have names, which several kinds may share', () => {
    const kind = (name: string, count: number): (typeof plan)[number] => ({ name, count, size: 8, ops: [] });
    const named = views([kind('global', 1), kind('local', 3), kind('global', 1)]);
    expect(viewIndices(named, 'global')).toEqual([0, 4]);
    expect(viewIndices(named, 'local')).toEqual([1, 2, 3]);
    expect(() => viewIndices(named, 'locals')).toThrow(
      /one of the plan's: global, local; got 'locals'; did you mean 'local'/,
    );
    expect(() => views([{ ...kind('global', 1), name: '' }])).toThrow(/views\[0\]: name must be a text; got ""/);
  });

  test('a view that frames nothing shows the whole picture', () => {
    const [spec] = views([{ count: 1, size: 32, ops: [grayscale()] }]);
    expect(spec!.ops.map(({ op }) => op)).toEqual(['resize', 'grayscale']);
  });

  test('what a stored plan leaves out is filled in', () => {
    const ops = [{ op: 'colorJitter', hue: 0.1 }] as unknown as ViewOp[];
    expect(views([{ count: 1, size: 8, ops }])[0]!.ops[1]).toEqual(colorJitter({ hue: 0.1 }));
  });

  test.each([
    ['no views', [], /at least one kind of view/],
    ['a count of 0', [{ count: 0, size: 32, ops: [] }], /views\[0\]: count .* got 0/],
    ['half a pixel', [{ count: 1, size: 32.5, ops: [] }], /size .* got 32\.5/],
    [
      'an unknown op',
      [{ count: 1, size: 32, ops: [{ op: 'mirror' }] }],
      /must be among .*horizontalFlip.* got "mirror"/,
    ],
    ['a name from Object', [{ count: 1, size: 32, ops: [{ op: 'toString' }] }], /got "toString"/],
    ['an unknown setting', [{ count: 1, size: 32, ops: [{ op: 'grayscale', prob: 0.2 }] }], /grayscale: .* got 'prob'/],
    [
      'framing later',
      [{ count: 1, size: 32, ops: [grayscale(), randomResizedCrop()] }],
      /must come first; got grayscale/,
    ],
    ['framing twice', [{ count: 1, size: 32, ops: [resize(), randomResizedCrop()] }], /one op may frame/],
    [
      'a blur wider than the view',
      [{ count: 1, size: 8, ops: [gaussianBlur({ kernelSize: 17 })] }],
      /at most 15 .* got 17/,
    ],
    [
      'statistics of two lengths',
      [{ count: 1, size: 8, ops: [], normalize: { mean: [0], std: [1, 1] } }],
      /got .*\[1,1\]/,
    ],
    ['a deviation of 0', [{ count: 1, size: 8, ops: [], normalize: { mean: [0], std: [0] } }], /std .* got 0/],
  ])('%s is refused', (_name, specs, message) => {
    expect(() => views(specs as Parameters<typeof views>[0])).toThrow(ConfigError);
    expect(() => views(specs as Parameters<typeof views>[0])).toThrow(message);
  });
});

describe('ops', () => {
  test('a number stands for the range torchvision makes of it', () => {
    expect(colorJitter({ brightness: 0.8, contrast: 1.5, saturation: [0.9, 1.1], hue: 0.2 })).toEqual({
      op: 'colorJitter',
      brightness: [1 - 0.8, 1.8],
      contrast: [0, 2.5],
      saturation: [0.9, 1.1],
      hue: [-0.2, 0.2],
      p: 1,
    });
  });

  test.each([
    ['a probability', () => horizontalFlip({ p: 1.1 }), /horizontalFlip: p must be a number from 0 to 1; got 1\.1/],
    ['not a number', () => grayscale({ p: Number.NaN }), /got NaN/],
    ['a negative factor', () => colorJitter({ brightness: -0.1 }), /brightness must be .* got -0\.1/],
    ['more than half a turn', () => colorJitter({ hue: 0.6 }), /hue must be a number from 0 to 0\.5; got 0\.6/],
    [
      'a range the wrong way round',
      () => randomResizedCrop({ scale: [1, 0.08] }),
      /scale must be \[low, high\].* got \[1,0\.08\]/,
    ],
    ['more than the picture', () => randomResizedCrop({ scale: [0.5, 1.5] }), /scale must be .* got 1\.5/],
    ['a ratio of 0', () => randomResizedCrop({ ratio: [0, 1] }), /ratio must be .* got 0/],
    ['an even filter', () => gaussianBlur({ kernelSize: 4 }), /kernelSize must be odd; got 4; take 5/],
    ['no blur at all', () => gaussianBlur({ sigma: [0, 2] }), /sigma must be .* got 0/],
    ['a shift beyond the view', () => randomAffine({ translate: [0, 1.5] }), /translate\[1\] must be .* got 1\.5/],
    ['a shear that leaves nothing', () => randomAffine({ shearX: [0, 90] }), /shearX must be .* got 90/],
    ['a brighter fill than white', () => randomAffine({ fill: 255 }), /fill must be .* got 255/],
    ['more than a pixel', () => strokeWidth({ amount: [0, 2] }), /amount must be .* got 2/],
    ['a threshold in bytes', () => solarize({ threshold: 128 }), /threshold must be .* got 128/],
  ])('%s is refused at once', (_name, make, message) => {
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
  });
});
