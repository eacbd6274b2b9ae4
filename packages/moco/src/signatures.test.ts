import { type Diagnosis, type Recipe, resnet } from '@ssl/core';
import { diagnosesOf, kitData } from '@ssl/core/testing';
import { expect, test } from 'vitest';
import { type MoCoOptions, moco, mocoViews } from './index.ts';

const SIDE = 8;
async function diagnosed(options: Partial<MoCoOptions>, recipe: Partial<Recipe> = {}): Promise<readonly Diagnosis[]> {
  const shape = { block: 'basic', layers: [1, 1], channels: [6, 12] } as const;
  const method = moco({
    backbone: resnet('tiny', shape, { stem: 'cifar', zeroInitLast: false, seed: 3 }),
    views: mocoViews({ size: SIDE, version: options.version ?? 2 }),
    projectionDim: 8,
    ...(options.version === 3 ? { hiddenDim: 16 } : { queueSize: 32, shuffleGroups: 2, momentum: 0.99 }),
    ...options,
  });
  return diagnosesOf(method, kitData({}, 64), { epochs: 12, ...recipe });
}

test.each([1, 2, 3])(
  'a sound run of version %i shows none',
  async version => {
    expect(await diagnosed({ version })).toEqual([]);
  },
  60_000,
);

test.each([
  [
    'a temperature far too high',
    'loss-stuck',
    { temperature: 1000 },
    {},
    'has stayed at ln(K + 1) = 3.497',
    'temperature',
  ],
  ['the same in version 3', 'loss-stuck', { version: 3, temperature: 1000 }, {}, '2·2τ·ln B', 'temperature'],
  ['a learning rate far too high', 'queue-alike', {}, { learningRate: 100 }, 'queueStd is', 'learningRate'],
  ['weight decay that leaves no weights', 'rank-falls', {}, { weightDecay: 30 }, 'rankMe fell from', 'weightDecay'],
  ['momentum 0', 'keys-equal-queries', { momentum: 0 }, {}, 'has been 0 for 30 steps', 'momentum'],
  ['momentum 1', 'keys-still', { momentum: 1 }, {}, 'keyMomentum has been 1', 'momentum'],
  [
    'a queue of all pictures',
    'queue-longer-than-data',
    { queueSize: 64 },
    {},
    '64 keys, an epoch 64 pictures',
    'queueSize',
  ],
] as const)(
  '%s shows as %s',
  async (_, name, options, recipe, evidence, setting) => {
    const found = (await diagnosed(options, recipe)).find(each => each.name === name);
    expect(found?.evidence).toContain(evidence);
    expect(found?.change).toContain(setting);
  },
  60_000,
);
