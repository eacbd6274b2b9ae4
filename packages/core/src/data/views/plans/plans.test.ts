import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../errors.ts';
import { rngFromSeed } from '../../../tensor/rng.ts';
import { type Tensor, tf } from '../../../tensor/tf.ts';
import { checkChannels } from '../channel-rule.ts';
import { applyViews, drawParameters, drawViews } from '../draw.ts';
import { everyView, type ViewPlan, viewIndices, views } from '../plan.ts';
import type { ViewOp } from '../registry.ts';
import { CIFAR10_STATISTICS, IMAGENET_STATISTICS } from '../statistics.ts';
import { plans } from './index.ts';

const every = Object.entries(plans) as [string, (options?: { size?: number; channels?: number }) => ViewPlan][];

function pictures(batch: number, height: number, width: number, channels: number): Tensor {
  const values = Float32Array.from({ length: batch * height * width * channels }, (_, i) => (i * 7919) % 256);
  return tf.tensor(values, [batch, height, width, channels]);
}

/** The settings of an op of one view, by name. */
function settings<N extends ViewOp['op']>(
  plan: ViewPlan,
  view: number,
  name: N,
): Extract<ViewOp, { op: N }> | undefined {
  return everyView(plan)[view]!.ops.find(({ op }) => op === name) as Extract<ViewOp, { op: N }> | undefined;
}

describe.each(every)('%s', (name, plan) => {
  test('is plain data and comes back from JSON as it was', () => {
    const made = plan();
    expect(views(JSON.parse(JSON.stringify(made)) as ViewPlan)).toEqual(made);
  });

  test('draws views of its sizes, and has a meaning on pictures of any channels', () => {
    const made = plan({ size: 24 });
    const drawn = drawViews(made, pictures(2, 20, 28, 3), { rng: rngFromSeed(1) });
    expect(drawn.map(({ shape }) => shape)).toEqual(everyView(made).map(({ size }) => [2, size, size, 3]));
    for (const view of drawn) expect(view.isFinite().all().dataSync()[0]).toBe(1);
    for (const channels of [1, 5]) expect(() => checkChannels(plan({ channels }), channels)).not.toThrow();
  });

  test('refuses what it does not know', () => {
    expect(() => plan({ sise: 3 } as object)).toThrow(ConfigError);
    expect(() => plan({ sise: 3 } as object)).toThrow(
      new RegExp(`plans\\.${name === 'simclrCifar' ? 'simclr' : name}: .* got 'sise'`),
    );
    expect(() => plan({ size: 0 })).toThrow(/size must be .* got 0/);
  });
});

describe('ready plans', () => {
  test("BYOL's two views differ in blur and solarize, and in nothing else", () => {
    const plan = plans.byol();
    expect([viewIndices(plan, 'first'), viewIndices(plan, 'second')]).toEqual([[0], [1]]);
    expect([settings(plan, 0, 'gaussianBlur')!.p, settings(plan, 1, 'gaussianBlur')!.p]).toEqual([1, 0.1]);
    expect([settings(plan, 0, 'solarize'), settings(plan, 1, 'solarize')!.p]).toEqual([undefined, 0.2]);
    expect(plan[0]!.ops.slice(0, 4)).toEqual(plan[1]!.ops.slice(0, 4));
  });

  test("SwAV's and DINO's views have the sizes, numbers and areas of their sources", () => {
    const shape = (plan: ViewPlan): unknown =>
      plan.map(({ name, count, size }, i) => [name, count, size, settings([plan[i]!], 0, 'randomResizedCrop')!.scale]);
    expect(shape(plans.swav())).toEqual([
      ['global', 2, 224, [0.14, 1]],
      ['local', 6, 96, [0.05, 0.14]],
    ]);
    expect(shape(plans.dino())).toEqual([
      ['global', 1, 224, [0.4, 1]],
      ['global', 1, 224, [0.4, 1]],
      ['local', 8, 96, [0.05, 0.4]],
    ]);
    const blurs = [0, 1, 2].map(view => settings(plans.dino(), view, 'gaussianBlur')!.p);
    expect(blurs).toEqual([1, 0.1, 0.5]);
    expect(shape(plans.dino({ size: 64, localCount: 0, globalScale: [0.14, 1] }))).toHaveLength(2);
    expect(everyView(plans.swav({ size: 112, localCount: 2 })).map(({ size }) => size)).toEqual([112, 112, 48, 48]);
  });

  test('statistics, flips and colours can be chosen', () => {
    expect(plans.mae()[0]!.normalize).toEqual(IMAGENET_STATISTICS);
    expect(plans.mae({ normalize: false })[0]).not.toHaveProperty('normalize');
    expect(plans.mae({ channels: 1 })[0]).not.toHaveProperty('normalize');
    expect(plans.simclrCifar()[0]!.normalize).toEqual(CIFAR10_STATISTICS);
    expect(settings(plans.mocoV2({ flip: false }), 0, 'horizontalFlip')).toBeUndefined();
    expect(settings(plans.ijepa(), 0, 'horizontalFlip')).toBeUndefined();
    expect(settings(plans.ijepa({ flip: true }), 0, 'horizontalFlip')).toBeDefined();
    expect(settings(plans.simclr({ strength: 0.5 }), 0, 'colorJitter')!.hue).toEqual([-0.1, 0.1]);
  });

  test('evaluation shows the middle, as resizing to 256 and cutting 224 out of it', () => {
    const [box] = drawParameters(plans.evaluation({ size: 28 }), [1, 64, 48, 3], { rng: rngFromSeed(1) })[0]!;
    const side = (48 * 28) / 32; // of 32, which is 28 / 0.875
    expect(box!.width!.dataSync()[0]).toBeCloseTo(side, 3);
    expect(box!.left!.dataSync()[0]).toBeCloseTo((48 - side) / 2, 3);
  });
});

test('in a plan of many views each is what it would be alone, whatever stands beside it', () => {
  const plan = plans.dino({ size: 32, localCount: 3 });
  const x = pictures(2, 40, 50, 3);
  const parameters = drawParameters(plan, x.shape, { rng: rngFromSeed(4) });
  const together = applyViews(plan, x, parameters);
  for (const [i, view] of everyView(plan).entries()) {
    const [alone] = applyViews([{ ...view, count: 1 }], x, [parameters[i]!]) as [Tensor];
    expect(alone.shape).toEqual([2, view.size, view.size, 3]);
    expect(together[i]!.sub(alone).abs().max().dataSync()[0]).toBe(0);
  }
});
