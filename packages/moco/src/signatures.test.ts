import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Diagnosis, type Recipe, resnet } from '@ssl/core';
import { arrayDataset } from '@ssl/core/data';
import { pretrain } from '@ssl/core/train';
import { expect, test } from 'vitest';
import { type MoCoOptions, moco, mocoViews } from './index.ts';

const SIDE = 8;
const PICTURES = 64;

/** Pictures with a square of one colour on a ground of another, so that a part still tells which picture it is of. */
function squares() {
  const colour = (picture: number, channel: number, inside: boolean): number =>
    (picture * 97 + channel * 61 + (inside ? 130 : 0) + picture * channel * 29) % 256;
  const data = Uint8Array.from({ length: PICTURES * SIDE ** 2 * 3 }, (_, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % SIDE, Math.floor(i / (3 * SIDE)) % SIDE];
    return colour(Math.floor(i / (3 * SIDE ** 2)), channel, x > 1 && x < 6 && y > 1 && y < 6);
  });
  return arrayDataset({ name: 'squares', data, width: SIDE, height: SIDE, channels: 3 });
}

async function diagnosesOf(options: Partial<MoCoOptions>, recipe: Partial<Recipe> = {}): Promise<readonly Diagnosis[]> {
  const shape = { block: 'basic', layers: [1, 1], channels: [6, 12] } as const;
  const method = moco({
    backbone: resnet('tiny', shape, { stem: 'cifar', zeroInitLast: false, seed: 3 }),
    views: mocoViews({ size: SIDE, version: options.version ?? 2 }),
    projectionDim: 8,
    ...(options.version === 3 ? { hiddenDim: 16 } : { queueSize: 32, shuffleGroups: 2, momentum: 0.99 }),
    ...options,
  });
  const out = mkdtempSync(join(tmpdir(), 'moco-'));
  try {
    const quiet = { onProgress: (): void => {}, onDiagnosis: (): void => {} };
    const settings = {
      batchSize: 16,
      epochs: 12,
      warmupEpochs: 0,
      learningRate: 0.05,
      scaling: 'none',
      ...recipe,
    } as const;
    return (await pretrain({ method, data: squares(), out: join(out, 'run'), recipe: settings, ...quiet })).diagnoses;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

test.each([1, 2, 3])(
  'a sound run of version %i shows none',
  async version => {
    expect(await diagnosesOf({ version })).toEqual([]);
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
    const found = (await diagnosesOf(options, recipe)).find(each => each.name === name);
    expect(found?.evidence).toContain(evidence);
    expect(found?.change).toContain(setting);
  },
  60_000,
);
