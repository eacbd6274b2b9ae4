import type { Diagnosis, Recipe } from '@ssl/core';
import { diagnosesOf, kitVit, kitWaves } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { type MAEOptions, mae, maeViews } from './index.ts';

async function diagnosed(recipe: Partial<Recipe>, options: Partial<MAEOptions> = {}): Promise<readonly Diagnosis[]> {
  const method = mae({
    backbone: kitVit({ positions: 'fixed', init: 'xavier' }),
    views: maeViews({ size: 8 }),
    ...{ decoderDim: 16, decoderDepth: 1, decoderHeads: 2, ...options },
  });
  return diagnosesOf(method, kitWaves(), { learningRate: 0.005, epochs: 12, ...recipe });
}

test('a sound run shows none', async () => {
  expect(await diagnosed({})).toEqual([]);
}, 60_000);

test.each([
  ['a learning rate far too high', 'loss-stuck', { learningRate: 10 }, {}, 'variance is explained', 'learningRate'],
  ['a learning rate far too low', 'loss-stuck', { learningRate: 1e-7 }, {}, 'variance is explained', 'learningRate'],
] as const)(
  '%s shows as %s',
  async (_, name, recipe, options, evidence, setting) => {
    const found = (await diagnosed(recipe, options)).find(each => each.name === name);
    expect(found?.evidence ?? '').toContain(evidence);
    expect(found?.change).toContain(setting);
  },
  60_000,
);
