import type { Diagnosis, Recipe } from '@ssl/core';
import { diagnosesOf, kitVit, kitWaves } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { type IJEPAOptions, ijepa } from './index.ts';

async function diagnosed(recipe: Partial<Recipe>, options: Partial<IJEPAOptions> = {}): Promise<readonly Diagnosis[]> {
  const method = ijepa({
    backbone: kitVit({ classToken: false, positions: 'fixed', imgSize: 16 }),
    ...{ predictorDim: 8, predictorDepth: 1, momentum: 0.97, ...options },
  });
  return diagnosesOf(method, kitWaves(), { learningRate: 0.003, epochs: 12, ...recipe });
}

test('a sound run shows none', async () => {
  expect(await diagnosed({})).toEqual([]);
}, 60_000);

test.each([
  [
    'no teacher and a rate that shrinks all',
    'collapse',
    { learningRate: 0.02, epochs: 20 },
    { momentum: 0 },
    'spread of the targets',
    'momentum',
  ],
  ['no teacher', 'teacher-is-student', {}, { momentum: 0 }, 'kept at most', 'momentum'],
  ['a teacher that never changes', 'teacher-still', {}, { momentum: 1 }, 'kept all of itself', 'momentum'],
  [
    'weight decay that leaves no weights',
    'rank-falls',
    { weightDecay: 30, epochs: 20 },
    {},
    'rankMe fell from',
    'weightDecay',
  ],
] as const)(
  '%s shows as %s',
  async (_, name, recipe, options, evidence, setting) => {
    const found = (await diagnosed(recipe, options)).find(each => each.name === name);
    expect(found?.evidence ?? '').toContain(evidence);
    expect(found?.change).toContain(setting);
  },
  60_000,
);
