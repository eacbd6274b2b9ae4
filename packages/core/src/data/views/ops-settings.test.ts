import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { rngFromSeed } from '../../tensor/rng.ts';
import { tf } from '../../tensor/tf.ts';
import { drawViews } from './draw.ts';
import { brightness } from './ops/brightness.ts';
import { centerCrop } from './ops/center-crop.ts';
import { channelDropout } from './ops/channel-dropout.ts';
import { contrast } from './ops/contrast.ts';
import { erase } from './ops/erase.ts';
import { gaussianNoise } from './ops/gaussian-noise.ts';
import { hue } from './ops/hue.ts';
import { lab } from './ops/lab.ts';
import { posterize } from './ops/posterize.ts';
import { randomRotation } from './ops/random-rotation.ts';
import { sharpness } from './ops/sharpness.ts';
import { views } from './plan.ts';
import { kindOf, type ViewOp, viewOps } from './registry.ts';
import { LAB_STATISTICS } from './statistics.ts';

const x = tf.fill([2, 8, 8, 3], 100);
const rng = rngFromSeed(1);

describe('settings of single ops', () => {
  test('a number stands for a range around no change', () => {
    expect(brightness({ factor: 0.3 }).factor).toEqual([0.7, 1.3]);
    expect(contrast({ factor: 2 }).factor).toEqual([0, 3]);
    expect(hue({ turn: 0.2 }).turn).toEqual([-0.2, 0.2]);
    expect(randomRotation({ degrees: 15 }).degrees).toEqual([-15, 15]);
    expect(randomRotation({ degrees: [5, 20] }).degrees).toEqual([-20, -5]);
  });

  test.each<[string, () => unknown, RegExp]>([
    ['brightness', () => brightness({ factor: -1 }), /brightness: factor must be a number .*got -1/],
    ['hue', () => hue({ turn: 0.7 }), /hue: turn must be a number from 0 to 0.5; got 0.7/],
    ['hue space', () => hue({ space: 'lab' as never }), /hue: space must be 'hsv' or 'yiq'; got "lab"/],
    ['rotation', () => randomRotation({ degrees: [3, 1] }), /randomRotation: degrees must be \[low, high\]/],
    ['rotation key', () => randomRotation({ angle: 3 } as never), /randomRotation: settings must be among/],
    ['posterize', () => posterize({ bits: [2.5, 8] }), /posterize: bits must be a whole number from 1 to 8; got 2.5/],
    ['sharpness', () => sharpness({ factor: [-1, 1] }), /sharpness: factor must be a number from 0 to 100; got -1/],
    ['noise', () => gaussianNoise({ sigma: [-1, 0] }), /gaussianNoise: sigma/],
    ['dropout', () => channelDropout({ p: 2 }), /channelDropout: p must be a number from 0 to 1; got 2/],
    ['erase', () => erase({ fill: 'black' as never }), /erase: fill must be a number, .* or 'mean'; got "black"/],
    ['erase fill', () => erase({ fill: [0, 2] }), /erase: fill must be a number from 0 to 1; got 2/],
    ['crop', () => centerCrop({ shorterSide: 0.5 }), /centerCrop: shorterSide must be a whole number/],
    [
      'small',
      () => views([{ count: 1, size: 9, ops: [centerCrop({ shorterSide: 8 })] }]),
      /at least the view's size, 9/,
    ],
  ])('%s out of range is refused', (_name, make, message) => {
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
  });

  test('a fill for each channel wants as many channels', () => {
    const plan = views([{ count: 1, size: 8, ops: [erase({ fill: [0, 1] })] }]);
    expect(() => drawViews(plan, x, { rng })).toThrow(/one number for each of 3 channels; got 2/);
  });

  test('a middle without a setting is seven eighths of the shorter side', () => {
    const at = (ops: ViewOp[]): Float32Array =>
      drawViews(
        views([{ count: 1, size: 224, ops }]),
        tf
          .range(0, 300 * 400 * 3)
          .reshape([1, 300, 400, 3])
          .mod(251),
        {
          rng,
        },
      )[0]!.dataSync() as Float32Array;
    expect(at([centerCrop()])).toEqual(at([centerCrop({ shorterSide: 256 })]));
  });

  test('Lab with its statistics is in the units of the papers', () => {
    const white = tf.fill([1, 4, 4, 3], 255);
    const [view] = drawViews(views([{ count: 1, size: 4, ops: [lab()], normalize: LAB_STATISTICS }]), white, { rng });
    const [lightness, a, b] = view!.dataSync();
    expect(lightness).toBeCloseTo(50, 2);
    expect(Math.max(Math.abs(a!), Math.abs(b!))).toBeLessThan(0.02);
  });
});

test.each(viewOps)('%s has an example that is a plan, also after a way through JSON', name => {
  const kind = kindOf(name)!;
  const probability = 'p' in kind.complete({ op: name } as ViewOp) ? { p: 1 } : {};
  const op = kind.complete({ op: name, ...probability, ...kind.example } as ViewOp);
  const plan = views([{ count: 1, size: 8, ops: [op] }]);
  expect(views(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  const [view] = drawViews(plan, x, { rng });
  expect(view!.shape).toEqual([2, 8, 8, 3]);
  expect(view!.isFinite().all().dataSync()[0]).toBe(1);
});
