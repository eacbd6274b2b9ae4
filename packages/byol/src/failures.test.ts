import { type Method, type Recipe, resnet } from '@ssl/core';
import { diagnosesOf, kitViews, kitWaves } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { type BYOLOptions, byol } from './index.ts';

function make(settings: Partial<BYOLOptions>): Method {
  const shape = { block: 'basic', layers: [1, 1], channels: [6, 12] } as const;
  const backbone = resnet('tiny', shape, { stem: 'cifar', zeroInitLast: false, seed: 1 });
  return byol({ backbone, views: kitViews, hiddenDim: 32, projectionDim: 16, predictorHiddenDim: 32, ...settings });
}

/** BYOL whose predictions are its projections. */
function withoutPredictor(method: Method): Method {
  const { backbone, head } = method.trained;
  const { parts: _, ...rest } = method;
  return {
    ...rest,
    trained: { backbone: backbone!, head: head! },
    step(batch, progress) {
      const encoded = method.parts!.encode(batch, progress);
      const { projection1, projection2 } = encoded;
      return method.parts!.loss({ ...encoded, prediction1: projection1!, prediction2: projection2! }, batch, progress);
    },
  };
}

async function found(method: Method, recipe: Partial<Recipe> = {}): Promise<string[]> {
  const diagnoses = await diagnosesOf(method, kitWaves(), { batchSize: 64, epochs: 40, ...recipe });
  return diagnoses.map(({ name }) => name);
}

describe('a sound run shows nothing', () => {
  test.each([0.9, 0.99])('with a momentum of %d', async momentum => {
    expect(await found(make({ momentum }), { epochs: 90 })).toEqual([]);
  });
});

test('without a predictor the targets become one', async () => {
  const method = withoutPredictor(make({ momentum: 0.6 }));
  expect(await found(method, { learningRate: 0.5, epochs: 60 })).toEqual(['collapse']);
});

test.each<[string, Partial<BYOLOptions>, Partial<Recipe>]>([
  ['teacher-is-student', { momentum: 0 }, {}],
  ['teacher-behind', { momentum: 1 }, { epochs: 80 }],
  ['rank-falls', { momentum: 0.9 }, { learningRate: 30 }],
])('%s: %o %o', async (name, settings, recipe) => {
  expect(await found(make(settings), recipe)).toEqual([name]);
});
