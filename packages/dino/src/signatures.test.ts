import type { Diagnosis, Recipe } from '@ssl/core';
import { colorJitter, horizontalFlip, randomResizedCrop, views } from '@ssl/core/data';
import { diagnosesOf, kitBackbone, kitWaves } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { type DINOOptions, dino } from './index.ts';

/** Views of the waves that still have much in common, two of 8 pixels and two of 6. */
const crops = views(
  (
    [
      [8, [0.5, 1]],
      [6, [0.3, 0.6]],
    ] as const
  ).map(([size, scale]) => ({
    count: 2,
    size,
    ops: [randomResizedCrop({ scale }), horizontalFlip(), colorJitter({ brightness: 0.3, p: 0.8 })],
  })),
);

async function diagnosed(options: Partial<DINOOptions>, recipe: Partial<Recipe> = {}): Promise<readonly Diagnosis[]> {
  const method = dino({
    backbone: kitBackbone(),
    views: crops,
    ...{ hiddenDim: 32, bottleneckDim: 16, outputDim: 64, momentum: 0.9, headNorm: true, layers: 2 },
    ...options,
  });
  return diagnosesOf(method, kitWaves(), { epochs: 12, learningRate: 0.3, ...recipe });
}

test('a sound run shows none', async () => {
  expect(await diagnosed({})).toEqual([]);
}, 60_000);

test.each([
  [
    'a teacher that is not sharp',
    'uniform-targets',
    { teacherTemperature: 10, warmupTeacherTemperatureEpochs: 0 },
    {},
    'of at most ln 64 = 4.159',
    'teacherTemperature',
  ],
  [
    'no centring',
    'few-outputs',
    { centerMomentum: 1, headNorm: false },
    {},
    'the entropy of the targets was at most',
    'centerMomentum',
  ],
  [
    'a student that is not sharp',
    'loss-stuck',
    { studentTemperature: 1000 },
    {},
    'stayed at ln 64 = 4.159',
    'studentTemperature',
  ],
  ['no momentum', 'teacher-is-student', { momentum: 0 }, {}, 'kept at most', 'momentum'],
] as const)(
  '%s shows as %s',
  async (_, name, options, recipe, evidence, setting) => {
    const found = (await diagnosed(options, recipe)).find(each => each.name === name);
    expect(found?.evidence ?? '').toContain(evidence);
    expect(found?.change).toContain(setting);
  },
  60_000,
);

test('a far too high learning rate shows as rank-falls', async () => {
  const found = async (seed: number): Promise<Diagnosis | undefined> =>
    (await diagnosed({ seed }, { learningRate: 100 })).find(({ name }) => name === 'rank-falls');
  // Such a run is chaotic: with which seeds the rank falls depends on how a processor rounds; it does with about two of three.
  let shown: Diagnosis | undefined;
  for (let seed = 0; seed < 8 && !shown; seed++) shown = await found(seed);
  expect(shown?.evidence).toContain('rankMe fell from');
  expect(shown?.change).toContain('learningRate');
}, 120_000);
