import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { rngFromSeed } from '../../tensor/rng.ts';
import { tf } from '../../tensor/tf.ts';
import { channelRule, checkChannels, describeChannelRules } from './channel-rule.ts';
import { drawViews } from './draw.ts';
import { colorJitter } from './ops/color-jitter.ts';
import { gaussianBlur } from './ops/gaussian-blur.ts';
import { grayscale } from './ops/grayscale.ts';
import { invert } from './ops/invert.ts';
import { solarize } from './ops/solarize.ts';
import { views } from './plan.ts';

const jitter = colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 });
const planOf = (...ops: Parameters<typeof views>[0][number]['ops']) => views([{ count: 2, size: 8, ops }]);

describe('channelRule', () => {
  it('lets everything apply to three channels', () => {
    for (const op of [jitter, grayscale({ p: 1 }), invert()]) expect(channelRule(op, 3)).toEqual({ rule: 'applies' });
  });

  it.each([1, 2, 4, 13])('skips what is about colour on %i channels, and keeps the rest', channels => {
    expect(channelRule(jitter, channels)).toEqual({ rule: 'partly', without: ['saturation', 'hue'] });
    expect(channelRule(colorJitter({ brightness: 0.4 }), channels)).toEqual({ rule: 'applies' });
    expect(channelRule(grayscale({ p: 0.2 }), channels)).toEqual({ rule: 'skipped' });
    for (const op of [gaussianBlur(), solarize(), invert()]) expect(channelRule(op, channels).rule).toBe('applies');
  });

  it('refuses an op without meaning that would change every view, except grey of grey', () => {
    const plan = planOf(grayscale({ p: 1 }));
    expect(channelRule(grayscale({ p: 1 }), 1)).toEqual({ rule: 'skipped' });
    expect(() => checkChannels(plan, 1)).not.toThrow();
    expect(() => checkChannels(plan, 4)).toThrow(ConfigError);
    expect(() => checkChannels(plan, 4)).toThrow('grayscale changes every view and needs the 3 channels');
    const draw = (): unknown => drawViews(plan, tf.zeros([1, 8, 8, 4]), { rng: rngFromSeed(0) });
    expect(draw).toThrow(ConfigError);
  });

  it('says so in one line for each op, once', () => {
    const plan = planOf(jitter, grayscale(), gaussianBlur());
    expect(describeChannelRules(plan, 3)).toEqual([]);
    expect(describeChannelRules(plan, 1)).toEqual([
      'colorJitter goes without saturation and hue: pictures of 1 channel have no colour',
      'grayscale is skipped: pictures of 1 channel have no colour',
    ]);
    expect(describeChannelRules(planOf(grayscale({ p: 1 })), 13)).toEqual([
      'grayscale is refused: pictures of 13 channels have no colour, and it changes every view',
    ]);
  });
});
