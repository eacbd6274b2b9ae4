import type { ViewPlan } from '@ssl/core';
import { views } from '@ssl/core/data';
import { describe, expect, test } from 'vitest';
import { simclrViews } from './index.ts';

describe('views', () => {
  const opsOf = (plan: ViewPlan): string[] => plan[0]!.ops.map(({ op }) => op);

  test('are the augmentations of the paper, in its order', () => {
    const [view] = simclrViews({ size: 224, strength: 1 });
    expect(view).toMatchObject({ count: 2, size: 224 });
    expect(view!.ops).toEqual([
      { op: 'randomResizedCrop', scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
      { op: 'horizontalFlip', p: 0.5 },
      {
        op: 'colorJitter',
        brightness: [1 - 0.8, 1.8],
        contrast: [1 - 0.8, 1.8],
        saturation: [1 - 0.8, 1.8],
        hue: [-0.2, 0.2],
        p: 0.8,
      },
      { op: 'grayscale', p: 0.2 },
      { op: 'gaussianBlur', sigma: [0.1, 2], p: 0.5 },
    ]);
  });

  test('small ones are not blurred; drawings are not flipped; grey ones have no colour', () => {
    expect(opsOf(simclrViews())).not.toContain('gaussianBlur');
    expect(opsOf(simclrViews({ flip: false }))).not.toContain('horizontalFlip');
    const [grey] = simclrViews({ channels: 1 });
    expect(opsOf([grey!])).not.toContain('grayscale');
    expect(grey).not.toHaveProperty('normalize');
    expect(grey!.ops).toContainEqual(expect.objectContaining({ op: 'colorJitter', saturation: [1, 1], hue: [0, 0] }));
  });

  test('a plan goes through JSON and back', () => {
    for (const plan of [simclrViews(), simclrViews({ size: 96, strength: 1, channels: 1 })]) {
      expect(views(JSON.parse(JSON.stringify(plan)) as ViewPlan)).toEqual(plan);
    }
  });
});
