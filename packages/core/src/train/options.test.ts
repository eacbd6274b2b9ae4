import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { visionTransformer } from '../backbones/index.ts';
import type { Dataset } from '../data/index.ts';
import { ConfigError } from '../errors.ts';
import type { Method, Recipe, RunFacts } from '../method/index.ts';
import { decaySchedule, recipeSchedule } from '../method/recipe.ts';
import type { Schedule } from '../optim/index.ts';
import { checkedRecipe } from './check-recipe.ts';
import { type PretrainOptions, pretrain, readMetrics } from './index.ts';
import { SMALL_RECIPE, smallData, smallMethod } from './small-run.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-options-'));
afterAll(() => rmSync(root, { recursive: true }));

const method = smallMethod();
const PATCHES_OF_5 = { dim: 8, depth: 1, heads: 2, patchSize: 5, imgSize: 20 };

function unread(): Dataset {
  return { ...smallData(), image: () => Promise.reject(new Error('the data must not be touched')) };
}

/** Settings that a program without types, or a configuration file, may hold. */
const CASES: Record<string, [Record<string, unknown>, RegExp]> = {
  'an unknown setting': [{ batchsize: 4 }, /^pretrain: there is no setting 'batchsize'; .*known: method, data, out/],
  'a slip in a setting': [{ resum: true }, /^pretrain: there is no setting 'resum'; did you mean 'resume'\?/],
  'a slip in the recipe': [
    { recipe: { batchsize: 4 } },
    /^pretrain recipe: there is no setting 'batchsize'; did you mean 'batchSize'\?/,
  ],
  'no method': [{ method: undefined }, /method must be what a method package makes; got undefined; give simclr/],
  'the name of a method': [{ method: 'simclr' }, /method must be .*; got 'simclr'/],
  'a method of another contract': [
    { method: { ...method, spec: 2 } },
    /must keep spec 1 of the contract; got 2; update/,
  ],
  'the path of a folder as data': [
    { data: 'photos' },
    /data must be a dataset; got 'photos'; open a folder with imageFolder/,
  ],
  'no folder': [{ out: undefined }, /out must be the path of the run folder; got undefined/],
  'an empty folder name': [{ out: '' }, /out must be the path of the run folder; got ''/],
  'a seed that is none': [{ seed: -1 }, /^pretrain: seed must be a whole number from 0 to 2\^53 - 1; got -1/],
  'no checkpoints': [{ keepCheckpoints: 0 }, /keepCheckpoints must be a whole number of at least 1; got 0/],
  'half a step': [{ checkpointEvery: 0.5 }, /checkpointEvery must be a whole number of at least 1; got 0.5/],
  'a word for a number': [{ stopAfter: 'soon' }, /stopAfter must be .*; got "soon"/],
  'no pixels': [{ imageSize: 0 }, /imageSize must be/],
  'no epochs': [{ recipe: { epochs: 0 } }, /recipe: epochs must be a whole number of at least 1; got 0/],
  'half an image': [{ recipe: { batchSize: 2.5 } }, /recipe: batchSize must be/],
  'a text for a number': [{ recipe: { learningRate: '0.1' } }, /'learningRate' must be a number, .*; got "0.1"/],
  'no learning': [{ recipe: { learningRate: 0 } }, /learningRate must be above 0; got 0/],
  'a rate that is NaN': [{ recipe: { learningRate: Number.NaN } }, /'learningRate' must be finite; got NaN/],
  'negative decay': [{ recipe: { weightDecay: -1 } }, /weightDecay must be 0 or above; got -1/],
  'a decay that ends below 0': [
    { recipe: { finalWeightDecay: -1 } },
    /finalWeightDecay must be 0 or above, or absent; got -1/,
  ],
  'a rate that ends below 0': [{ recipe: { finalLearningRate: -1 } }, /finalLearningRate must be 0 or above/],
  'a β₂ out of range': [{ recipe: { optimizer: 'adamw', b2: 1 } }, /adamw: b2 must be/],
  'negative warm-up': [{ recipe: { warmupEpochs: -1 } }, /warmupEpochs must be 0 or above/],
  'an unknown optimizer': [{ recipe: { optimizer: 'sdg' } }, /optimizer must be sgd, lars or adamw; got 'sdg'/],
  'an unknown scaling': [{ recipe: { scaling: 'cubic' } }, /scaling must be linear, sqrt or none; got 'cubic'/],
  'a momentum out of range': [{ recipe: { momentum: 1 } }, /momentum must be/],
  'a norm that is none': [{ recipe: { clipNorm: 0 } }, /clipNorm must be a number above 0, or absent; got 0/],
  'parts that do not make up a batch': [
    { recipe: { batchSize: 4, microBatchSize: 3 } },
    /recipe: microBatchSize must be a whole number that divides batchSize 4, or absent; got 3/,
  ],
  'parts of a batch where the loss needs all of it': [
    { method: { ...method, acrossRanks: 'sums-statistics' }, recipe: { batchSize: 4, microBatchSize: 2 } },
    /^small: microBatchSize needs a loss that is the mean over images, or a step in two parts; got acrossRanks 'sums-statistics' without parts/,
  ],
  'a batch larger than the data': [
    { recipe: { batchSize: 21 } },
    /the batch must not be larger than the data; got batchSize 21 for 20 images in small; use at most 20/,
  ],
  'views that patches do not divide': [
    { method: smallMethod({ backbone: visionTransformer('vit', PATCHES_OF_5, { inChannels: 1 }) }) },
    /^vit: pictures must have sides that are multiples of the patch size 5; got 16 pixels; take 15 pixels, or another patchSize/,
  ],
  'other channels': [
    { data: { ...unread(), channels: 3 } },
    /as many channels as the images have; got 1 for 3 in small; make it with \{ inChannels: 3 \}/,
  ],
  'labels beyond the classes of the method': [
    { method: { ...method, classes: 2 }, data: { ...unread(), labels: Int32Array.of(-1, 0, 2, 1) } },
    /labels must be below small's 2 classes; got label 2 in small; make it with \{ classes: 3 \}/,
  ],
  'labels that are missing': [{ method: { ...method, needsLabels: true } }, /small learns from labels; small has none/],
};

test.each(Object.keys(CASES))('%s is refused before anything is touched', async name => {
  const [wrong, message] = CASES[name]!;
  const out = join(root, 'run');
  const options = { method, data: unread(), out, ...wrong } as unknown as PretrainOptions;
  await expect(pretrain(options)).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(message),
  });
  expect(existsSync(out)).toBe(false);
});

test('a batch larger than what can be read is refused when that is known, and the folder stays free', async () => {
  const data = smallData(5);
  const image: Dataset['image'] = index => (index > 2 ? data.image(99) : data.image(index));
  const out = join(root, 'unreadable');
  const options = { method, data: { ...data, image }, out, recipe: { batchSize: 4 }, onProgress: () => {} };
  await expect(pretrain(options)).rejects.toThrow(
    /got batchSize 4 for 3 images that can be read, of 5 in small; use at most 3/,
  );
  expect(existsSync(out)).toBe(false);
});

test('an undefined setting of a recipe leaves the default', () => {
  const changes = { epochs: undefined, batchSize: 8 } as unknown as Partial<Recipe>;
  expect(checkedRecipe(SMALL_RECIPE, changes)).toEqual({ ...SMALL_RECIPE, batchSize: 8 });
});

test.each([
  [1, 10],
  [2, 10],
  [7, 1.5],
])('a run of %i steps has a learning rate with a warm-up of %d epochs', (steps, warmupEpochs) => {
  const schedule: Schedule = recipeSchedule({ ...SMALL_RECIPE, warmupEpochs }, 4, 2);
  for (let step = 0; step < steps; step++) expect(schedule(step, steps)).toBeGreaterThanOrEqual(0);
});

test('rate and decay end where the recipe says, the decay without a warm-up', () => {
  const recipe: Recipe = { ...SMALL_RECIPE, finalLearningRate: 1e-6, weightDecay: 0.04, finalWeightDecay: 0.4 };
  const rate = recipeSchedule(recipe, 256, 2);
  expect([rate(0, 10), rate(2, 10), rate(6, 10), rate(10, 10)]).toEqual([0, 1, (1 + 1e-6) / 2, 1e-6]);
  const decay = decaySchedule(recipe);
  for (const [step, expected] of [
    [0, 0.04],
    [5, 0.22],
    [10, 0.4],
  ] as const)
    expect(decay(step, 10)).toBeCloseTo(expected, 12);
  expect(decaySchedule(SMALL_RECIPE)(7, 10)).toBe(SMALL_RECIPE.weightDecay);
});

test('a decay that grows acts from the second step on', async () => {
  const losses = async (name: string, recipe: Partial<Recipe>): Promise<number[]> => {
    const [out, start] = [join(root, name), { learningRate: 0.1, warmupEpochs: 0, weightDecay: 0, epochs: 1 }];
    const given = { method: smallMethod(), data: smallData(), out, onProgress: () => {}, onDiagnosis: () => {} };
    await pretrain({ ...given, recipe: { ...start, ...recipe } });
    return (await readMetrics(out)).map(({ loss }) => loss!);
  };
  const [without, growing] = [await losses('still', {}), await losses('growing', { finalWeightDecay: 2 })];
  expect(growing.slice(0, 2)).toEqual(without.slice(0, 2));
  expect(growing[2]).not.toBe(without[2]);
});

test('a method takes its place in the run with its recipe and the number of images, or refuses it before anything is read', async () => {
  const asked: RunFacts[] = [];
  const recipe = { batchSize: 8, epochs: 1, warmupEpochs: 0 };
  const forRun: Method['forRun'] = run => {
    asked.push(run);
    return { ...method, name: 'in-a-run' };
  };
  const out = join(root, 'for-run');
  const run = { method: { ...method, forRun }, data: smallData(), out, recipe, onProgress: () => {} };
  await pretrain(run);
  expect(asked).toEqual([{ recipe: { ...SMALL_RECIPE, ...recipe }, images: 20 }]);
  expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toMatchObject({ method: 'in-a-run' });
  const refuses: Method['forRun'] = () => {
    throw new ConfigError('small: too few images');
  };
  const other = { method: { ...method, forRun: refuses }, data: unread(), out: join(root, 'refused'), recipe };
  await expect(pretrain(other)).rejects.toThrow('too few images');
  expect(existsSync(other.out)).toBe(false);
});

test('a method is asked for its groups with the recipe of the run, changes and all', async () => {
  const asked: unknown[][] = [];
  const groups: Method['groups'] = (...given) => {
    asked.push(given);
    return [];
  };
  const recipe = { optimizer: 'lars', batchSize: 8, epochs: 1, warmupEpochs: 0 } as const;
  const out = join(root, 'groups');
  await pretrain({ method: { ...method, groups }, data: smallData(), out, recipe, onProgress: () => {} });
  expect(asked).toEqual([[8 / 256, { ...SMALL_RECIPE, ...recipe }]]);
});
