import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, inContext, type Method, resnet, softmax, stateOf, type Tensor, tf } from '@ssl/core';
import { describeMethod, kitBackbone, kitBatch, kitData, kitLoss } from '@ssl/core/testing';
import { pretrain } from '@ssl/core/train';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type DistillOptions,
  distill,
  distillation,
  distillationLoss,
  distillDefaults,
  fineTune,
  fineTuneDefaults,
  fineTuneViews,
  simclr,
  simclrViews,
} from './index.ts';

const views = fineTuneViews({ size: 8 });

/** A classifier with opinions. */
function teacherOf(seed = 1): Method {
  const pretrained = simclr({ backbone: kitBackbone(9), views: simclrViews({ size: 8 }), layers: 3, seed });
  const teacher = fineTune({ pretrained, classes: 3, views });
  const weight = stateOf(teacher.trained).get('classifier.weight')!;
  weight.load(Float32Array.from({ length: weight.size }, (_, i) => 3 * Math.sin(1 + 5 * i)));
  return teacher;
}

function make(options: Partial<DistillOptions> = {}): Method {
  return distill({ teacher: teacherOf(), student: kitBackbone(), views, ...options });
}

const value = (x: Tensor): number => x.dataSync()[0]!;
const batch = kitBatch(make(), { make: () => make() });
const [images] = batch.views as [Tensor];

describeMethod('distillation', {
  make: ({ backbone, seed }) => make({ student: backbone, seed }),
  viewsAlike: false,
});
describeMethod('distillation with labels, at temperature 0.5', {
  make: ({ backbone, seed }) => make({ student: backbone, seed, alpha: 0.6, temperature: 0.5 }),
  viewsAlike: false,
});

describe('the step', () => {
  const inTraining = <R>(body: () => R): R => inContext({ training: true }, body);
  const project = (method: Method): Tensor => inTraining(() => method.project!(images));

  test('compares the student with the teacher in evaluation mode, at the temperature', () => {
    const [teacher, temperature] = [teacherOf(), 0.5];
    const method = make({ teacher, temperature });
    const expected = value(distillationLoss(project(method), teacher.project!(images), { temperature }));
    expect(value(kitLoss(method, batch))).toBeCloseTo(expected, 5);
    const training = inTraining(() => teacher.project!(images));
    expect(Math.abs(value(distillationLoss(project(method), training, { temperature })) - expected)).toBeGreaterThan(
      1e-3,
    );
  });

  test('with alpha below 1 adds the labels: the sum over labelled rows by the size of the batch', () => {
    const [teacher, alpha] = [teacherOf(), 0.25];
    const labels = tf.tensor1d([0, -1, 2, -1, 1, -1, -1, 0], 'int32');
    const method = make({ teacher, alpha });
    const logits = project(method);
    const log = tf.log(softmax(logits)).arraySync() as number[][];
    const sum = [...labels.dataSync()].reduce((all, label, row) => all - (label < 0 ? 0 : log[row]![label]!), 0);
    const taught = value(distillationLoss(logits, teacher.project!(images), { temperature: 1 }));
    expect(value(kitLoss(method, { ...batch, labels }))).toBeCloseTo(alpha * taught + ((1 - alpha) * sum) / 8, 5);
  });

  test('with alpha 1 needs no labels, and does not look at them', () => {
    const { labels, ...bare } = batch;
    expect(make().needsLabels).toBe(false);
    expect(value(kitLoss(make(), bare))).toBe(value(kitLoss(make(), batch)));
    expect(make({ alpha: 0.5 }).needsLabels).toBe(true);
    expect(() => kitLoss(make({ alpha: 0.5 }), bare)).toThrow('with alpha below 1 the batch must have labels');
  });

  test('trains backbone and classifier, and carries the teacher under names of its own', () => {
    const teacher = teacherOf();
    const { trained, carried } = make({ teacher });
    expect(Object.keys(trained)).toEqual(['backbone', 'classifier']);
    expect(Object.keys(carried!)).toEqual(['teacherBackbone', 'teacherHead', 'teacherClassifier']);
    expect(new Set(stateOf(carried!).values())).toEqual(new Set(stateOf(teacher.trained).values()));
  });
});

test('the student comes to agree with the teacher, which stays as it is to the last bit; a student can teach', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'distill-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const [teacher, student] = [
    teacherOf(),
    resnet('small', { block: 'basic', layers: [1], channels: [6] }, { stem: 'cifar' }),
  ];
  const method = make({ teacher, student });
  const values = (): string => [...stateOf(teacher.trained).values()].map(variable => variable.values().join()).join();
  const before = values();
  const recipe = {
    optimizer: 'sgd',
    learningRate: 0.2,
    scaling: 'none',
    batchSize: 16,
    epochs: 80,
    warmupEpochs: 0,
  } as const;
  const out = join(folder, 'run');
  const { labels, ...data } = kitData();
  await pretrain({ method, data, out, recipe, onProgress: () => {}, checkpointEvery: 1000 });
  const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim().split('\n');
  const agreement = lines.map(line => (JSON.parse(line) as { agreement: number }).agreement);
  const mean = (part: readonly number[]): number => part.reduce((sum, x) => sum + x, 0) / part.length;
  expect(mean(agreement.slice(-8))).toBeGreaterThan(mean(agreement.slice(0, 4)) + 0.1);
  expect(values()).toBe(before);
  const second = distill({ teacher: method, student: kitBackbone(2), views });
  expect(Object.keys(second.carried!)).toEqual(['teacherBackbone', 'teacherClassifier']);
});

describe('settings', () => {
  test('all are kept with the run', () => {
    const teacher = teacherOf();
    const config = { ...distillDefaults, classes: 3, teacher: teacher.backbone.name };
    expect(make({ teacher }).config).toEqual(config);
    expect(make({ teacher, temperature: 0.1 }).config).toEqual({ ...config, temperature: 0.1 });
    expect(make()).toMatchObject({ recipe: distillation, classes: 3 });
    expect(distill({ teacher, student: kitBackbone() }).views).toEqual(fineTuneViews());
  });

  const grey = resnet('grey', { block: 'basic', layers: [1], channels: [4] }, { stem: 'cifar', inChannels: 1 });
  test.each([
    [{ temperature: 0 }, 'temperature must be above 0; got 0'],
    [{ temperature: '1' }, "'temperature' must be a number"],
    [{ alpha: 0 }, 'alpha must be above 0 and at most 1; got 0; to learn from labels alone use fineTune()'],
    [{ alpha: 1.5 }, 'got 1.5'],
    [{ temprature: 1 }, "there is no setting 'temprature'; did you mean 'temperature'"],
    [{ student: grey, views: fineTuneViews({ size: 8 }) }, 'as many channels as the teacher, 3; got 1'],
    [{ views: simclrViews({ size: 8 }) }, 'views must be one; got 2'],
    [
      { teacher: simclr({ backbone: kitBackbone() }) },
      'the teacher must tell classes apart, as what fineTune() makes; got simclr',
    ],
  ])('%# is refused: %o', (options, message) => {
    expect(() => make(options as never)).toThrow(ConfigError);
    expect(() => make(options as never)).toThrow(message);
  });

  test("the teacher's own backbone is refused as a student, its twin is not", () => {
    const teacher = teacherOf();
    expect(() => make({ teacher, student: teacher.backbone })).toThrow('variables of its own');
    expect(make({ teacher, student: teacher.backbone.twin() }).backbone).not.toBe(teacher.backbone);
  });
});

test('the README lists every setting of both with its default', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| (fineTune|distill) \| `(\w+)` \| `?([\w.]+)/gm)];
  const table = (of: string): object =>
    Object.fromEntries(rows.filter(([, name]) => name === of).map(([, , name, given]) => [name, JSON.parse(given!)]));
  expect(table('fineTune')).toEqual(fineTuneDefaults);
  expect(table('distill')).toEqual(distillDefaults);
});
