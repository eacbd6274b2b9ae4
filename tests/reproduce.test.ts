/** The results table: its reference row HOG, and that a run is only taken for what it is. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Recipe } from '@ssl/core';
import { type FixtureTensor, kitBackbone, readFixture } from '@ssl/core/testing';
import { describe, expect, it } from 'vitest';
import { hogFeatures } from '../reproduce/hog.ts';
import { REPRODUCE, type RunResult, resultFile, type SetResult } from '../reproduce/result.ts';
import { ownOf, reproduceRows } from '../reproduce/rows.ts';
import { COMMANDS, SETS } from '../reproduce/sets.ts';
import { page } from '../reproduce/table.ts';

interface Case {
  readonly channels: number;
  readonly pixels: readonly number[];
  readonly features: FixtureTensor;
}

const { cases } = readFixture<{ cases: readonly Case[] }>(import.meta.url, 'hog.json');

it.each(cases)('HOG is that of scikit-image: $channels channels', ({ channels, pixels, features }) => {
  const found = hogFeatures({ data: Uint8Array.from(pixels), count: 1, size: 32, channels });
  expect(found.dim).toBe(features.data.length);
  for (const [i, value] of features.data.entries()) expect(found.features[i]).toBeCloseTo(value, 5);
});

describe('the rows', () => {
  it('have names of their own, and supervised ones come last', async () => {
    const rows = await reproduceRows(SETS[0]!);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    const supervised = rows.map(row => row.supervised ?? false);
    expect(supervised).toEqual([...supervised].sort());
  });

  it('know the code that their numbers follow from, constants beside it included, and no comments', async () => {
    for (const { name, code } of await reproduceRows(SETS[0]!)) expect(code, name).toContain(`name: '${name}'`);
    const { code } = (await reproduceRows(SETS[0]!)).find(({ name }) => name === 'byol')!;
    expect(code).toMatch(/SETTINGS = \{.*momentum: /);
    expect(code).not.toMatch(/^\s*(\/\*|\*|\/\/)/m);
  });

  it.each(['icons-42', 'emoji-3'])('can all be made for %s', async name => {
    const set = SETS.find(each => each.name === name)!;
    const channels = set.backbone(0).inChannels;
    for (const row of await reproduceRows(set)) {
      const given = { ...ownOf(set, row, { seed: 0, channels }), seed: 0, classes: 8, images: 3000 };
      const { views } = row.make({ ...given, recipe: { ...set.recipe!, ...row.recipe } });
      // A method that sees one view has one of the same recipe, of a size that its patches divide.
      const { count, size, ops, normalize } = views[0]!;
      expect([ops, normalize], row.name).toEqual([set.views![0]!.ops, set.views![0]!.normalize]);
      if (!row.backbone) expect([count, size], row.name).toEqual([2, set.views![0]!.size]);
    }
  });

  it.each(['cifar10', 'imagenette'])('are what each package offers for %s: own views and recipe', async name => {
    const set = SETS.find(each => each.name === name)!;
    for (const row of await reproduceRows(set)) {
      const own = ownOf(set, row, { seed: 0, channels: 3 });
      const backbone = row.backbone ? own.backbone : kitBackbone();
      const given = { backbone, views: own.views, seed: 0, classes: 10, images: 50_000 };
      const made = row.make({ ...given, recipe: { ...set.recipe, ...row.recipe } as Recipe });
      expect(made.recipe.learningRate, row.name).toBeGreaterThan(0);
      expect(made.recipe.epochs, row.name).toBeGreaterThan(1);
    }
  });

  it('a part of train chooses settings: it shares no picture with what is learnt from, nor a designer', async () => {
    const { train, test } = await SETS[0]!.openForTuning!();
    const designerOf = (data: typeof train, i: number): string => data.describe!(i).split(':')[0]!;
    const of = (data: typeof train): Set<string> =>
      new Set(Array.from({ length: data.size }, (_, i) => designerOf(data, i)));
    expect(train.size + test.size).toBe((await SETS[0]!.open()).train.size);
    expect([...of(test)].filter(designer => of(train).has(designer))).toEqual([]);
  });
});

it('every command names sets that there are', () => {
  const names = SETS.map(({ name }) => name);
  for (const sets of Object.values(COMMANDS)) expect(names).toEqual(expect.arrayContaining([...sets]));
});

it('a run with other epochs is printed, and not kept', async () => {
  const file = resultFile('emoji-3');
  const kept = (): string | undefined => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
  const before = kept();
  const cwd = mkdtempSync(join(tmpdir(), 'reproduce-'));
  try {
    const flags = ['emoji-3', '--methods', 'simclr', '--seeds', '0', '--epochs', '1'];
    const { stderr } = await promisify(execFile)(process.execPath, [`${REPRODUCE}main.ts`, ...flags], { cwd });
    expect(stderr).toMatch(/1-NN \d+\.\d %/);
    expect(kept()).toBe(before);
  } finally {
    rmSync(cwd, { recursive: true });
  }
}, 120_000);

it('the page gives mean and deviation over seeds', () => {
  const run = (seed: number, oneNN: number): RunResult => ({
    seed,
    oneNN,
    kNN: 0.5,
    linear: 0.5,
    rankMe: 10,
    dim: 256,
    seconds: 60,
    cpuSeconds: 100,
    peakMb: 900,
  });
  const runs = [run(0, 0.6), run(1, 0.62), run(2, 0.64)];
  const rows = [{ name: 'simclr', title: 'SimCLR', supervised: false, settings: '', runs }];
  const images = { train: 100, test: 10 };
  const set: SetResult = { set: 's', title: 'S', question: 'q', recipe: {}, backbone: 'b', images, machine: 'm', rows };
  expect(page([set])).toContain('| SimCLR | 62.0 ± 2.0 | 50.0 ± 0.0 |');
});
