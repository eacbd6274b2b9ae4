import {
  type Backbone,
  type Batch,
  ConfigError,
  inContext,
  type Method,
  normal,
  type Progress,
  parametersOf,
  rngFromSeed,
  stateOf,
  type Tensor,
  tf,
  visionTransformer,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { describeMethod, kitBackbone } from '@ssl/core/testing';
import { describe, expect, test, vi } from 'vitest';
import { cifar, type DINOOptions, defaults, dino, dinoLoss, dinoViews } from './index.ts';

const NARROW = { hiddenDim: 24, bottleneckDim: 16, outputDim: 32 };
/** Two views of 8 pixels and two of 4. */
const SMALL = dinoViews({ size: 8, localSize: 4, localCount: 2 });
const vit = (options: object = {}) =>
  visionTransformer('tiny', { dim: 12, depth: 2, heads: 2, patchSize: 4, imgSize: 8 }, { seed: 3, ...options });

const make = (options: Partial<DINOOptions> = {}): Method =>
  dino({ backbone: kitBackbone(), views: SMALL, seed: 4, ...NARROW, ...options });

/** The first outputs of so narrow a head are far from a centre of 0, which a run this short would spend on moving: here it follows at once. */
const SHORT = { momentum: 0.9, centerMomentum: 0, headNorm: true };
const kit = { training: { fall: 0.2 }, maybeZero: (name: string) => /mlp\.[03]\.bias$/.test(name) };

describeMethod('dino', { make: ({ backbone, seed }) => make({ backbone, seed, ...SHORT }), ...kit });

describeMethod('dino with balanced targets', {
  make: ({ backbone, seed }) => make({ backbone, seed, ...SHORT, centering: 'sinkhorn' }),
  ...kit,
});

describeMethod('dino with a vision transformer', {
  make: ({ seed }) => make({ backbone: vit(), seed, ...SHORT }),
  ...kit,
});

const rng = rngFromSeed(5);
const images = [8, 8, 4, 4].map(side => normal(rng, [6, side, side, 3]));
const batchOf = (given: readonly Tensor[] = images): Batch => ({
  views: given,
  indices: tf.range(0, 6, 1, 'int32'),
  drawn: {},
});
const at = (momentum: number, epoch = 0): Progress => ({
  fraction: tf.scalar(0),
  epoch: tf.scalar(epoch),
  scheduled: { momentum: tf.scalar(momentum), teacherTemperature: tf.scalar(0.05) },
});
const inStep = <R>(body: () => R): R => inContext({ training: true, rng: rngFromSeed(1) }, body);
const encode = (method: Method, given?: readonly Tensor[]) =>
  inStep(() => method.parts!.encode(batchOf(given), at(0.9))) as Record<string, Tensor>;
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const apart = (a: Tensor, b: Tensor): number => value(a.sub(b).abs().max());

describe('the networks', () => {
  test('the teacher starts as a copy of the student and sees the first two views alone', () => {
    const method = make({ backbone: vit() });
    const { student0, student1, teacher0, teacher1, ...others } = encode(method);
    expect([apart(student0!, teacher0!), apart(student1!, teacher1!)]).toEqual([0, 0]);
    expect(Object.keys(others)).toEqual(['features0', 'features1', 'student2', 'student3']);
    const moved = encode(method, [images[0]!, images[1]!, images[2]!.add(1), images[3]!]);
    expect(apart(moved.teacher0!, teacher0!)).toBe(0);
    expect(apart(moved.student2!, others.student2!)).toBeGreaterThan(0.01);
  });

  test('views of one size are one pass: batch norm sees both', () => {
    const calls = vi.fn<(shape: readonly number[]) => void>();
    const own = kitBackbone();
    const backbone = Object.assign(
      (x: Tensor) => {
        calls(x.shape);
        return own(x);
      },
      own,
      { twin: () => own.twin() },
    ) as Backbone;
    Object.defineProperty(backbone, 'name', { value: 'watched' });
    encode(make({ backbone }));
    expect(calls.mock.calls).toEqual([[[12, 8, 8, 3]], [[12, 4, 4, 3]]]);
  });

  test('drop path is the student’s alone', () => {
    const method = make({ backbone: vit({ dropPath: 0.9 }) });
    const { student0, teacher0 } = encode(method);
    expect(apart(student0!, teacher0!)).toBeGreaterThan(0.01);
    const again = encode(method);
    expect(apart(again.teacher0!, teacher0!)).toBe(0);
  });

  test('what a run leaves and is measured by is the teacher', () => {
    const method = make();
    for (const variable of parametersOf(method.trained)) variable.assign(variable.read().mul(2));
    expect(method.result!.members).toBe((method.carried!.teacherBackbone as Backbone).members);
    expect(apart(method.embed(images[0]!), kitBackbone()(images[0]!))).toBe(0);
  });

  test('the lengths of the last layer are trained where they are not kept', () => {
    const names = (method: Method): string[] =>
      [...stateOf({ head: method.trained.head! }).keys()].filter(key => key.includes('last'));
    expect(names(make())).toEqual(['head.last_layer.weight_v']);
    expect(names(make({ normLastLayer: false }))).toEqual(['head.last_layer.weight_g', 'head.last_layer.weight_v']);
  });
});

describe('the step', () => {
  test('its loss is dinoLoss of all outputs, with the centre before it moves', () => {
    const method = make();
    const center = stateOf(method.carried!).get('center')!;
    center.load(Float32Array.from({ length: 32 }, (_, i) => Math.sin(i) / 5));
    const before = center.read().clone();
    const outputs = (name: string, count: number, head: { lastLayer(x: Tensor): Tensor }) => {
      const encoded = encode(make());
      return Array.from({ length: count }, (_, i) => head.lastLayer(encoded[`${name}${i}`]!));
    };
    const student = outputs('student', 4, method.trained.head as never);
    const teacher = outputs('teacher', 2, method.carried!.teacherHead as never);
    const { loss, features, metrics } = inStep(() => method.step(batchOf(), at(0.9)));
    const options = { studentTemperature: 0.1, teacherTemperature: 0.05, center: before };
    expect(value(loss)).toBeCloseTo(value(dinoLoss(student, teacher, options)), 4);
    expect(features!.shape).toEqual([12, 12]);
    const expected = before.mul(0.9).add(tf.concat(teacher).mean(0).mul(0.1));
    expect(apart(center.read(), expected)).toBeLessThan(1e-6);
    expect(value(metrics!.teacherAgreement!)).toBeCloseTo(1, 5);
  });

  test('entropies: of sure targets 0, of unsure ones ln K, and together ln 2 where half of the images have one and half another', () => {
    const method = make({ outputDim: 2, bottleneckDim: 2 });
    const head = stateOf({ teacherHead: method.carried!.teacherHead! });
    head.get('teacherHead.last_layer.weight_v')!.load(Float32Array.of(1, 0, 0, 1));
    const rows = (a: number, b: number): Tensor =>
      tf.tensor2d(
        [
          [a, b],
          [b, a],
        ]
          .flatMap(row => [row, row, row])
          .flat(),
        [6, 2],
      );
    const of = (a: number, b: number): number[] => {
      const both = { teacher0: rows(a, b), teacher1: rows(a, b) };
      const student = Object.fromEntries([0, 1, 2, 3].map(i => [`student${i}`, rows(a, b)]));
      const features = { features0: rows(1, 0), features1: rows(1, 0) };
      stateOf(method.carried!).get('center')!.load(new Float32Array(2));
      const { metrics } = inStep(() => method.parts!.loss({ ...both, ...student, ...features }, batchOf(), at(0.9)));
      return [value(metrics!.teacherEntropy!), value(metrics!.meanTargetEntropy!)];
    };
    expect(of(1, 0)[0]).toBeCloseTo(0, 4);
    expect(of(1, 0)[1]).toBeCloseTo(Math.LN2, 4);
    for (const entropy of of(0.5, 0.5)) expect(entropy).toBeCloseTo(Math.LN2, 4);
  });

  test('gradients: each cut to a length of its own; none for the last layer in the first epoch', () => {
    const gradients = {
      'head.mlp.0.weight': tf.ones([4, 4]),
      'head.last_layer.weight_v': tf.ones([3, 3]).mul(0.1) as Tensor,
    };
    const change = (epoch: number, options: Partial<DINOOptions>): number[] =>
      Object.values(make(options).adjustGradients!(gradients, at(0.9, epoch))).map(x => value(x.square().sum().sqrt()));
    const close = (lengths: number[], expected: number[]): void => {
      for (const [i, length] of lengths.entries()) expect(length).toBeCloseTo(expected[i]!, 5);
    };
    close(change(0, {}), [3, 0]);
    close(change(1, {}), [3, 0.3]);
    close(change(0, { freezeLastLayer: 0, clipGradient: 0 }), [4, 0.3]);
    close(change(1, { freezeLastLayer: 2, clipGradient: 0.1 }), [0.1, 0]);
  });
});

describe('schedules', () => {
  test.each([
    [30, [0.04, 0.04 + 0.03 / 29, 0.04 + (0.03 * 29) / 29, 0.07]],
    [1, [0.04, 0.07, 0.07, 0.07]],
    [0, [0.07, 0.07, 0.07, 0.07]],
  ])(
    'the temperature of the teacher rises over %d epochs, a step an epoch',
    (warmupTeacherTemperatureEpochs, expected) => {
      const { teacherTemperature } = make({ warmupTeacherTemperatureEpochs }).schedules!;
      for (const [i, step] of [6, 7, 29 * 7 + 3, 40 * 7].entries())
        expect(teacherTemperature!({ step, steps: 700, stepsPerEpoch: 7 })).toBeCloseTo(expected[i]!, 10);
    },
  );

  test('with momentum m the teacher moves by a share of 1 − m towards the student, last layer and all', () => {
    const method = make();
    const student = parametersOf(method.trained);
    for (const variable of student) variable.assign(variable.read().add(1));
    const teacher = parametersOf(method.carried!);
    const before = teacher.map(variable => variable.read().clone());
    method.afterStep!(at(0.75));
    expect(teacher).toHaveLength(student.length);
    for (const [i, variable] of teacher.entries())
      expect(apart(variable.read(), before[i]!.mul(0.75).add(student[i]!.read().mul(0.25)))).toBeLessThan(1e-6);
  });
});

describe('pictures', () => {
  test('attention of the class token, of each head and on average; of a network without tokens none', () => {
    const method = make({ backbone: vit() });
    const { attention } = method.pictures!({ images: images[0]!, drawn: {} });
    expect(attention!.map(({ title, pixels }) => [title, pixels.shape])).toEqual([
      ['picture', [6, 8, 8, 3]],
      ['mean', [6, 2, 2]],
      ['head 1', [6, 2, 2]],
      ['head 2', [6, 2, 2]],
    ]);
    const maps = vit().attentionMaps(images[0]!); // [6, 2, 5, 5]
    const [, mean, first, second] = attention!.map(({ pixels }) => pixels) as [Tensor, Tensor, Tensor, Tensor];
    expect(apart(first.flatten(), tf.slice(maps, [0, 0, 0, 1], [6, 1, 1, 4]).flatten())).toBe(0);
    expect(apart(mean, first.add(second).div(2))).toBeLessThan(1e-7);
    expect(make().pictures).toBeUndefined();
    expect(make({ backbone: vit({ classToken: false }) }).pictures).toBeUndefined();
  });
});

describe('settings', () => {
  test('all that were resolved are kept', () => {
    expect(make().config).toEqual({ ...defaults, ...NARROW });
    expect(make().recipe).toBe(cifar);
    expect(dino({ backbone: kitBackbone(), ...NARROW }).views).toEqual(dinoViews());
  });

  const sized = (...sizes: number[]) => views(sizes.map(size => ({ count: 1, size, ops: [] })));

  test.each([
    [{ momentun: 0.1 }, "there is no setting 'momentun'; did you mean 'momentum'?"],
    [{ studentTemperature: 0 }, 'studentTemperature must be above 0; got 0; 0.1 is usual'],
    [{ teacherTemperature: -0.07 }, 'teacherTemperature must be above 0; got -0.07; 0.07 is usual'],
    [{ warmupTeacherTemperature: 0 }, 'warmupTeacherTemperature must be above 0; got 0; 0.04 is usual'],
    [
      { warmupTeacherTemperatureEpochs: -1 },
      'warmupTeacherTemperatureEpochs must be a whole number of at least 0; got -1',
    ],
    [{ centering: 'median' }, "centering must be 'mean' or 'sinkhorn'; got 'median'"],
    [{ momentum: 1.1 }, 'momentum must be from 0 to 1; got 1.1'],
    [{ centerMomentum: -1 }, 'centerMomentum must be from 0 to 1; got -1; 0.9 is usual'],
    [{ clipGradient: -3 }, 'clipGradient must be 0, for none, or above; got -3'],
    [{ outputDim: 1 }, 'outputDim must be a whole number of at least 2; got 1'],
    [{ layers: 0 }, 'layers must be a whole number of at least 1; got 0'],
    [{ headNorm: 1 }, "'headNorm' must be a boolean"],
    [{ views: sized(8) }, 'the first two views must be of one size; got views of 8 pixels'],
    [{ views: sized(8, 4, 4) }, 'the first two views must be of one size; got views of 8, 4, 4 pixels'],
    [{ views: sized(8, 8, 12) }, 'the other views must not be larger than the first two; got views of 8, 8, 12 pixels'],
    [{ views: sized(8, 8, 6), backbone: vit() }, 'multiples of the patch size 4; got 6 pixels; take 8 pixels'],
    [{ views: sized(10, 10), backbone: vit() }, 'multiples of the patch size 4; got 10 pixels; take 12 pixels'],
  ])('%o is refused', (options: object, message) => {
    expect(() => make(options)).toThrow(ConfigError);
    expect(() => make(options)).toThrow(message);
  });

  test('a crop of more than the picture is refused where the plan is made', () => {
    expect(() => dinoViews({ globalScale: [0.4, 1.5] })).toThrow(ConfigError);
    expect(() => dinoViews({ localCount: -1 })).toThrow(ConfigError);
  });
});
