import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ConfigError,
  inContext,
  type Method,
  type Module,
  mlp,
  parametersOf,
  rngFromSeed,
  stateOf,
  type Tensor,
  tf,
} from '@ssl/core';
import { arrayDataset, type Dataset } from '@ssl/core/data';
import { sgd } from '@ssl/core/optim';
import { describeMethod, kitBackbone, kitBatch, kitData, kitLoss } from '@ssl/core/testing';
import { pretrain } from '@ssl/core/train';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type FineTuneOptions,
  fineTune,
  fineTuneDefaults,
  fineTuneViews,
  fineTuning,
  simclr,
  simclrViews,
  v2,
} from './index.ts';

const D = 12;
const kit = { make: () => make() };
const views = fineTuneViews({ size: 8 });

function pretrained(seed = 4, backbone = kitBackbone()): Method {
  return simclr({ backbone, views: simclrViews({ size: 8 }), ...v2, projectionDim: 6, seed });
}

function make(options: Partial<FineTuneOptions> = {}): Method {
  return fineTune({ pretrained: pretrained(), classes: 3, views, ...options });
}

const value = (x: Tensor): number => x.dataSync()[0]!;
const batch = kitBatch(make(), kit);
const [images] = batch.views as [Tensor];

describeMethod('fine-tuning from the middle layer', {
  make: ({ backbone, seed }) => make({ pretrained: pretrained(seed, backbone), zeroInit: false, seed }),
  viewsAlike: false,
});
describeMethod('fine-tuning of the backbone alone, with smooth labels', {
  make: ({ backbone, seed }) =>
    make({ pretrained: { backbone }, fromLayer: 0, zeroInit: false, labelSmoothing: 0.1, seed }),
  viewsAlike: false,
});

describe('what is kept', () => {
  const names = (method: Method): string[] =>
    [...stateOf(method.trained).keys()].filter(name => !name.startsWith('backbone.'));
  const layer = (place: number): string[] => [
    `head.${place}.weight`,
    ...['weight', 'bias', 'running_mean', 'running_var'].map(name => `head.${place + 1}.${name}`),
  ];

  test.each([0, 1, 2, 3])('from layer %i: backbone, so many layers with their norms, classifier', fromLayer => {
    const from = pretrained();
    const own = stateOf(from.trained);
    const method = make({ pretrained: from, fromLayer });
    const head = [0, 3, 6].slice(0, fromLayer).flatMap(layer);
    expect(names(method)).toEqual([...head, 'classifier.weight', 'classifier.bias']);
    const kept = [...stateOf(method.trained)].filter(([name]) => !name.startsWith('classifier'));
    for (const [name, variable] of kept) expect(variable, name).toBe(own.get(name));
    expect(kept.filter(([name]) => name.startsWith('backbone.'))).toHaveLength(stateOf(from.backbone.members).size);
  });

  test('the classifier sees the backbone, a hidden layer after its ReLU, or the projections', () => {
    const from = pretrained();
    const seen = (fromLayer: number): Tensor => make({ pretrained: from, fromLayer }).embed(images);
    const off = (a: Tensor, b: Tensor): number => value(a.sub(b).abs().max());
    expect(off(seen(0), from.embed(images))).toBe(0);
    expect(off(seen(3), from.project!(images))).toBe(0);
    const { 0: linear, 1: norm } = (from.trained.head as Module).members as unknown as [Module, Module];
    expect(off(seen(1), tf.relu(norm(linear(from.embed(images)))))).toBe(0);
    expect(seen(2).min().dataSync()[0]).toBe(0);
    expect(seen(1).shape).toEqual([8, D]);
    expect(make().project!(images).shape).toEqual([8, 3]);
  });

  test('a head may be given by itself, without norms too', () => {
    const [backbone, head] = [kitBackbone(), mlp([D, 7, 5], { rng: rngFromSeed(1), norm: false })];
    const method = make({ pretrained: { backbone, head } });
    expect(names(method).slice(0, 2)).toEqual(['head.0.weight', 'head.0.bias']);
    expect(method.embed(images).shape).toEqual([8, 7]);
  });

  test('a head of version 1, whose only layer that is hidden is the first', () => {
    const from = simclr({ backbone: kitBackbone(), views: simclrViews({ size: 8 }), hiddenDim: 9, projectionDim: 4 });
    expect(make({ pretrained: from }).embed(images).shape).toEqual([8, 9]);
  });
});

describe('the classifier', () => {
  test('starts at 0: every class is as likely, and nothing below it is moved by the first step', () => {
    const method = make();
    expect(value(kitLoss(method, batch))).toBeCloseTo(Math.log(3), 6);
    expect(make().project!(images).abs().max().dataSync()[0]).toBe(0);
  });

  test('or with a deviation of 0.01', () => {
    const backbone = kitBackbone();
    const head = mlp([D, 200, 4], { rng: rngFromSeed(1) });
    const method = make({ pretrained: { backbone, head }, classes: 50, zeroInit: false });
    const weights = [...stateOf(method.trained).get('classifier.weight')!.values()];
    const deviation = Math.sqrt(weights.reduce((sum, w) => sum + w * w, 0) / weights.length);
    expect(Math.abs(deviation - 0.01)).toBeLessThan(3e-4);
  });

  test('is left out of what LARS adapts and decays, and only there', () => {
    const method = make();
    const groups = method.groups!(0.1, fineTuning);
    const excluded = parametersOf(method.trained).filter(variable => groups.some(group => group.match(variable)));
    expect(groups.map(group => group.excluded)).toEqual([true]);
    expect(excluded.map(({ name }) => name)).toEqual(['classifier.weight']);
    expect(method.groups!(0.1, { ...fineTuning, optimizer: 'sgd' })).toEqual([]);
    sgd({ groups })(parametersOf(method.trained));
  });
});

describe('training', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fine-tune-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const recipe = { learningRate: 0.1, scaling: 'none', optimizer: 'sgd', batchSize: 16, epochs: 60 } as const;
  const quiet = { onProgress: () => {}, onDiagnosis: () => {}, checkpointEvery: 1000 };

  /** With every fourth picture unlabelled. */
  function fewLabels(): Dataset {
    const labels = kitData().labels!.map((label, i) => (i % 4 === 3 ? -1 : label));
    return { ...kitData(), labels };
  }

  test('the accuracy rises on a small labelled set, and backbone, head and classifier all change', async () => {
    const method = make();
    const before = parametersOf(method.trained).map(variable => variable.values());
    const out = join(folder, 'rises');
    await pretrain({ method, data: fewLabels(), out, recipe, ...quiet });
    const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim().split('\n');
    const accuracies = lines.map(line => (JSON.parse(line) as { accuracy: number }).accuracy);
    expect(accuracies[0]).toBeLessThan(0.6);
    expect(accuracies.slice(-8).reduce((sum, x) => sum + x / 8, 0)).toBeGreaterThan(0.85);
    const still = parametersOf(method.trained).filter((variable, i) => String(variable.values()) === String(before[i]));
    expect(still.map(({ name }) => name)).toEqual([]);
  });

  test('with the recipe of the paper it goes too', async () => {
    const run = await pretrain({
      method: make(),
      data: kitData(),
      out: join(folder, 'lars'),
      recipe: { batchSize: 16, epochs: 40, learningRate: 0.1 },
      ...quiet,
    });
    expect(run.metrics.loss).toBeLessThan(Math.log(3) - 0.1);
  });

  test.each([
    ['a label beyond the classes', kitData({ classes: 4 }), "below simclr-fine-tune's 3 classes; got label 3"],
    [
      'data without labels',
      arrayDataset({ name: 'bare', data: new Uint8Array(16 * 192), width: 8, height: 8, channels: 3 }),
      'simclr-fine-tune learns from labels; bare has none',
    ],
  ])('%s is refused before any work', async (_name, data, message) => {
    const out = join(folder, 'refused');
    await expect(pretrain({ method: make(), data, out, recipe })).rejects.toThrow(message);
    expect(existsSync(out)).toBe(false);
  });

  test('a batch without labels is refused', () => {
    const { labels, ...rest } = batch;
    const step = (): unknown =>
      inContext({ training: true }, () =>
        make().step(rest, { fraction: tf.scalar(0), epoch: tf.scalar(0), scheduled: {} }),
      );
    expect(step).toThrow('fineTune: the batch must have labels; got none');
  });
});

describe('settings', () => {
  test('all are kept with the run', () => {
    expect(make().config).toEqual({ ...fineTuneDefaults, classes: 3 });
    expect(make({ fromLayer: 2 }).config).toEqual({ ...fineTuneDefaults, classes: 3, fromLayer: 2 });
    expect(make()).toMatchObject({ recipe: fineTuning, classes: 3, needsLabels: true });
    expect(fineTune({ pretrained: pretrained(), classes: 2 }).views).toEqual(fineTuneViews());
  });

  test.each([
    [{ fromLayer: 4 }, 'fromLayer must be a whole number from 0 to 3, the layers of the projection head; got 4'],
    [{ fromLayer: -1 }, 'got -1'],
    [{ fromLayer: 0.5 }, 'got 0.5'],
    [{ pretrained: { backbone: kitBackbone() } }, 'fromLayer must be a whole number from 0 to 0'],
    [{ pretrained: { backbone: kitBackbone(), head: kitBackbone() } }, 'the head must be linear layers with norms'],
    [
      { pretrained: { backbone: kitBackbone(), head: mlp([7, 5], { rng: rngFromSeed(1) }) } },
      "the backbone's 12 features; got one for 7",
    ],
    [{ classes: 1 }, 'classes must be a whole number of at least 2; got 1'],
    [{ classes: 2.5 }, 'got 2.5'],
    [{ labelSmoothing: 1 }, 'labelSmoothing must be in [0, 1); got 1'],
    [{ labelSmoothing: -0.1 }, 'got -0.1'],
    [{ fromlayer: 1 }, "there is no setting 'fromlayer'; did you mean 'fromLayer'"],
    [{ zeroInit: 1 }, "'zeroInit' must be a boolean"],
    [{ views: simclrViews({ size: 8 }) }, 'views must be one; got 2'],
  ])('%# is refused: %o', (options, message) => {
    expect(() => make(options as never)).toThrow(ConfigError);
    expect(() => make(options as never)).toThrow(message);
  });
});
