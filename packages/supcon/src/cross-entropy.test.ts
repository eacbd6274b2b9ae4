import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, inContext, type Method, normal, type Progress, rngFromSeed, type Tensor, tf } from '@ssl/core';
import { describeMethod, kitBackbone, kitData } from '@ssl/core/testing';
import { pretrain } from '@ssl/core/train';
import { describe, expect, test } from 'vitest';
import {
  type CrossEntropyOptions,
  cifarCrossEntropy,
  crossEntropy,
  crossEntropyLoss,
  crossEntropyViews,
} from './index.ts';

const NOW = {} as Progress;
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;

function make(options: Partial<CrossEntropyOptions> = {}): Method {
  return crossEntropy({ backbone: kitBackbone(), views: crossEntropyViews({ size: 8 }), classes: 3, ...options });
}

describeMethod('supervised', {
  make: ({ backbone, seed }) => make({ backbone, seed, views: crossEntropyViews({ size: 8, count: 2 }) }),
});
describeMethod('supervised, one view, smoothed labels, more classes than the data has', {
  make: ({ backbone, seed }) => make({ backbone, seed, labelSmoothing: 0.1, classes: 5 }),
  viewsAlike: false,
});

test('every view is classified; images without a label do not count', () => {
  const [model, rng] = [make({ labelSmoothing: 0.1 }), rngFromSeed(5)];
  const images = [1, 2, 3].map(() => normal(rng, [4, 8, 8, 3]));
  const labels = tf.tensor1d([2, -1, 0, 1], 'int32');
  const batch = { views: images, indices: tf.range(0, 4, 1, 'int32'), drawn: {}, labels };
  const { loss, features, metrics } = inContext({ training: true }, () => model.step(batch, NOW));
  const logits = inContext({ training: true }, () => model.project!(tf.concat(images)));
  expect(features!.shape).toEqual([12, 12]);
  expect(value(loss)).toBeCloseTo(value(crossEntropyLoss(logits, labels, { labelSmoothing: 0.1 })), 5);
  const answers = [...logits.argMax(1).dataSync()];
  const right = answers.filter((answer, i) => answer === [2, -1, 0, 1][i % 4]).length;
  expect(value(metrics!.labelled!)).toBeCloseTo(0.75, 6);
  expect(value(metrics!.accuracy!)).toBeCloseTo(right / 9, 5);
});

describe('settings', () => {
  test('all that were resolved are kept', () => {
    expect(make()).toMatchObject({
      name: 'supervised',
      config: { classes: 3, labelSmoothing: 0 },
      recipe: cifarCrossEntropy,
      needsLabels: true,
      classes: 3,
    });
    expect(crossEntropy({ backbone: kitBackbone(), classes: 2 }).views).toEqual(crossEntropyViews());
  });

  test.each([
    [{ classes: undefined }, 'supervised: classes must be a whole number of at least 2; got 0; set it to the number'],
    [{ classes: 1 }, 'at least 2; got 1'],
    [{ classes: 2.5 }, 'got 2.5'],
    [{ classes: '3' }, "'classes' must be a number"],
    [{ labelSmoothing: 1 }, 'labelSmoothing must be from 0 to below 1; got 1'],
    [{ labelSmoothing: -0.1 }, 'got -0.1'],
    [{ temperature: 0.1 }, "there is no setting 'temperature'"],
  ])('%o is refused', (options: object, message) => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  });

  test('data with more classes is refused before it starts', async () => {
    const out = join(mkdtempSync(join(tmpdir(), 'supervised-')), 'run');
    const run = pretrain({ method: make(), data: kitData({ classes: 5 }), out, recipe: { batchSize: 8 } });
    await expect(run).rejects.toThrow(
      "labels must be below supervised's 3 classes; got label 4 in squares; make it with { classes: 5 }",
    );
    rmSync(join(out, '..'), { recursive: true });
  });
});
