/** Short trainings with one bad setting each: what a run is said to suffer from. */
import { type Method, normal, type Recipe, rngFromSeed, type ViewPlan } from '@ssl/core';
import { arrayDataset, type Dataset, horizontalFlip, randomResizedCrop, views } from '@ssl/core/data';
import { diagnosesOf, kitBackbone } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { crossEntropy, type SupConOptions, supcon } from './index.ts';

async function found(method: Method, data: Dataset, changes: Partial<Recipe> = {}): Promise<string[]> {
  const diagnoses = await diagnosesOf(method, data, { epochs: 25, ...changes });
  return diagnoses.map(({ name }) => name);
}

const [SIDE, COUNT, CLASSES] = [8, 32, 3];

/** Stripes that go across, down or aslant, in noise: which way is the class. */
const stripes: Dataset = (() => {
  const noise = normal(rngFromSeed(4), [COUNT * SIDE * SIDE * 3]).dataSync();
  const data = Uint8Array.from(noise, (random, i) => {
    const [x, y] = [Math.floor(i / 3) % SIDE, Math.floor(i / (3 * SIDE)) % SIDE];
    const picture = Math.floor(i / (3 * SIDE * SIDE));
    const along = [x, y, x + y][picture % CLASSES]!;
    const stripe = Math.sign(Math.sin(1.6 * along + picture));
    return Math.max(0, Math.min(255, 128 + 70 * stripe + 25 * random));
  });
  const labels = Int32Array.from({ length: COUNT }, (_, i) => i % CLASSES);
  return arrayDataset({
    name: 'stripes',
    data,
    width: SIDE,
    height: SIDE,
    channels: 3,
    labels,
    classes: ['-', '|', '/'],
  });
})();

const labelled = (label: (picture: number) => number): Dataset => ({
  ...stripes,
  labels: Int32Array.from({ length: COUNT }, (_, i) => label(i)),
});

const mild = (count: number): ViewPlan =>
  views([{ count, size: SIDE, ops: [randomResizedCrop({ scale: [0.6, 1] }), horizontalFlip()] }]);

const copies = arrayDataset({
  name: 'copies',
  data: new Uint8Array(16 * 8 * 8 * 3),
  width: 8,
  height: 8,
  channels: 3,
  labels: Int32Array.from({ length: 16 }, (_, i) => i % CLASSES),
  classes: ['a', 'b', 'c'],
});

describe('supcon', () => {
  const make = (options: Partial<SupConOptions> = {}): Method =>
    supcon({ backbone: kitBackbone(), views: mild(2), projectionDim: 16, temperature: 0.1, ...options });

  test('a sound run shows nothing', async () => {
    expect(await found(make(), stripes)).toEqual([]);
  });

  test('while it warms up, a loss that has not left its start is no failure yet', async () => {
    const warming = { epochs: 30, warmupEpochs: 30 };
    expect(await found(make({ temperature: 1000 }), stripes, warming)).toEqual([]);
  });

  test('a temperature of 1,000: stuck', async () => {
    expect(await found(make({ temperature: 1000 }), stripes)).toEqual(['loss-stuck']);
  });

  test('steps far too large: stuck', async () => {
    expect(await found(make(), stripes, { learningRate: 3 })).toContain('loss-stuck');
  });

  test('images that are copies of one: the features are one', async () => {
    expect(await found(make(), copies, { epochs: 40 })).toEqual(['collapse', 'loss-stuck']);
  });

  test.each([
    ['labels that no two images share', (picture: number) => picture],
    ['no labels', () => -1],
  ])('%s: no classmates', async (_, label) => {
    expect(await found(make(), labelled(label))).toEqual(['no-classmates']);
  });

  test('one label for all: one class', async () => {
    expect(
      await found(
        make(),
        labelled(() => 1),
      ),
    ).toContain('one-class');
  });
});

describe('supervised', () => {
  const make = (): Method => crossEntropy({ backbone: kitBackbone(), views: mild(1), classes: CLASSES });

  test('a sound run shows nothing', async () => {
    expect(await found(make(), stripes)).toEqual([]);
  });

  test('a weight decay of 10: stuck', async () => {
    expect(await found(make(), stripes, { weightDecay: 10 })).toEqual(['loss-stuck']);
  });

  test('images that are copies of one: the features are one', async () => {
    expect(await found(make(), copies, { epochs: 40 })).toContain('collapse');
  });

  test('no labels: few labels', async () => {
    expect(
      await found(
        make(),
        labelled(() => -1),
      ),
    ).toEqual(['few-labels']);
  });
});
