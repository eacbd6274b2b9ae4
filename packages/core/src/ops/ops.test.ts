import { describe, expect, it } from 'vitest';
import { customGrad } from '../tensor/native.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { type FixtureTensor, fixtureTensor, gradientError, readFixture, relativeError } from '../testing/index.ts';
import { addBias, relu, softmax, softmaxCrossEntropy } from './activation.ts';
import { conv2d } from './conv.ts';
import { matMul } from './linear.ts';
import { batchNormInference, batchNormTraining, l2Normalize } from './norm.ts';
import { avgPool, globalAvgPool, maxPool } from './pool.ts';

interface Case {
  readonly name: string;
  readonly attributes: Readonly<Record<string, number | boolean | string | readonly number[]>>;
  readonly inputs: Readonly<Record<string, FixtureTensor>>;
  readonly output: FixtureTensor;
  readonly gradOutput: FixtureTensor;
  readonly gradients: Readonly<Record<string, FixtureTensor>>;
  readonly before?: Readonly<Record<string, FixtureTensor>>;
  readonly after?: Readonly<Record<string, FixtureTensor>>;
}

const fixture = readFixture<{ batchNorm: Case[]; convolution: Case[]; pooling: Case[]; other: Case[] }>(
  new URL('../nn/layers.test.ts', import.meta.url).href,
  'layers.json',
);

type Op = (inputs: Record<string, Tensor>, attributes: Record<string, never>) => Tensor;

/** Output and all gradients of a case against PyTorch's, in float32: relative to the largest value. */
function expectParity(item: Case, op: Op, tolerance = 2e-6): void {
  const names = Object.keys(item.inputs);
  const inputs = names.map(name => fixtureTensor(item.inputs[name]!));
  const call = (...args: Tensor[]): Tensor =>
    op(Object.fromEntries(names.map((name, i) => [name, args[i]!])), item.attributes as never);
  expect(relativeError(call(...inputs), item.output), 'output').toBeLessThan(tolerance);
  const gradients = tf.grads(call as never)(inputs, fixtureTensor(item.gradOutput) as never) as Tensor[];
  names.forEach((name, i) => {
    if (item.gradients[name]) expect(relativeError(gradients[i]!, item.gradients[name]), name).toBeLessThan(tolerance);
  });
}

describe('against PyTorch', () => {
  it.each(fixture.convolution)('$name', item => {
    expectParity(item, ({ x, weight, bias }, options) =>
      bias ? addBias(conv2d(x!, weight!, options), bias) : conv2d(x!, weight!, options),
    );
  });

  const pools = { max: maxPool, average: avgPool, undefined: globalAvgPool } as const;
  it.each(fixture.pooling.filter(({ attributes }) => attributes.kind !== 'average' || !attributes.padding))(
    '$name',
    item => {
      const { kind, kernel, stride, padding } = item.attributes as {
        kind: 'max' | 'average';
        kernel: number;
        stride: number;
        padding: number;
      };
      expectParity(item, ({ x }) => pools[String(kind) as keyof typeof pools](x!, { size: kernel, stride, padding }));
    },
  );

  it.each(fixture.batchNorm.filter(({ attributes }) => attributes.training))('$name', item => {
    const { epsilon } = item.attributes as { epsilon: number };
    // A mean of 30 with a spread of 1 costs float32 a digit and a half.
    expectParity(
      item,
      ({ x, gamma, beta }) => batchNormTraining(x!, gamma!, beta!, { epsilon }).value,
      item.name.includes('mean 30') ? 1e-4 : 5e-6,
    );
    const [x, gamma, beta] = ['x', 'gamma', 'beta'].map(name => fixtureTensor(item.inputs[name]!)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const { mean, variance } = batchNormTraining(x, gamma, beta, { epsilon });
    const moved = (running: FixtureTensor, batch: Tensor): Tensor =>
      fixtureTensor(running).mul(0.9).add(batch.mul(0.1));
    expect(relativeError(moved(item.before!.runningMean!, mean), item.after!.runningMean!)).toBeLessThan(5e-6);
    expect(relativeError(moved(item.before!.runningVariance!, variance), item.after!.runningVariance!)).toBeLessThan(
      5e-5,
    );
  });

  it.each(fixture.batchNorm.filter(({ attributes }) => !attributes.training))('$name', item => {
    const { epsilon } = item.attributes as { epsilon: number };
    const [mean, variance] = [item.before!.runningMean!, item.before!.runningVariance!].map(fixtureTensor) as [
      Tensor,
      Tensor,
    ];
    expectParity(item, ({ x, gamma, beta }) => batchNormInference(x!, gamma!, beta!, mean, variance, epsilon), 5e-6);
  });

  it.each(fixture.other.filter(({ name }) => name.startsWith('linear')))('$name', item => {
    expectParity(item, ({ x, weight, bias }) => (bias ? addBias(matMul(x!, weight!), bias) : matMul(x!, weight!)));
  });

  it.each(fixture.other.filter(({ name }) => name.startsWith('l2')))('$name', item => {
    expectParity(item, ({ x }) => l2Normalize(x!, item.attributes.epsilon as number));
  });

  it.each(fixture.other.filter(({ name }) => name.startsWith('cross')))('$name', item => {
    const { labels, labelSmoothing } = item.attributes as { labels: readonly number[]; labelSmoothing: number };
    expectParity(item, ({ logits }) =>
      softmaxCrossEntropy(logits!, tf.tensor1d([...labels], 'int32'), { labelSmoothing }),
    );
  });
});

describe('gradients against finite differences', () => {
  const rng = rngFromSeed(7);
  const x = normal(rng, [2, 6, 5, 4]);
  const rows = normal(rng, [6, 5]);
  const cases: readonly (readonly [string, (...inputs: Tensor[]) => Tensor, readonly Tensor[]])[] = [
    ['conv2d', (a, w) => conv2d(a!, w!, { padding: 1 }), [x, normal(rng, [3, 3, 4, 3])]],
    ['conv2d, stride 2', (a, w) => conv2d(a!, w!, { stride: 2, padding: 1 }), [x, normal(rng, [3, 3, 4, 3])]],
    ['conv2d, groups', (a, w) => conv2d(a!, w!, { padding: 1, groups: 2 }), [x, normal(rng, [3, 3, 2, 4])]],
    [
      'batch norm, 2-D',
      (a, g, b) => batchNormTraining(a!, g!, b!, { epsilon: 1e-5 }).value,
      [x, normal(rng, [4]), normal(rng, [4])],
    ],
    [
      'batch norm, 1-D',
      (a, g, b) => batchNormTraining(a!, g!, b!, { epsilon: 1e-5 }).value,
      [rows, normal(rng, [5]), normal(rng, [5])],
    ],
    ['bias', (a, b) => addBias(a!, b!), [rows, normal(rng, [5])]],
    ['relu', a => relu(a!), [tf.where(rows.abs().less(0.05), tf.onesLike(rows), rows)]],
    ['softmax', a => softmax(a!), [rows]],
    ['cross-entropy', a => softmaxCrossEntropy(a!, tf.tensor1d([0, 4, 2, 1, 3, 3], 'int32')), [rows]],
    [
      'cross-entropy, smoothed',
      a => softmaxCrossEntropy(a!, tf.tensor1d([0, 4, 2, 1, 3, 3], 'int32'), { labelSmoothing: 0.1 }),
      [rows],
    ],
    ['matMul, transposed', (a, b) => matMul(a!, b!, true, true), [rows, normal(rng, [3, 6])]],
    ['l2Normalize', a => l2Normalize(a!), [rows]],
    ['average pool', a => avgPool(a!, { size: 2, stride: 2 }), [x]],
    ['global average pool', a => globalAvgPool(a!), [x]],
    // values far enough apart that a step does not change which is the largest
    [
      'max pool',
      a => maxPool(a!, { size: 3, stride: 2, padding: 1 }),
      [tf.range(0, 96).mul(7).mod(96).div(3).reshape([2, 4, 4, 3])],
    ],
  ];
  it.each(cases)('%s', (_, fn, inputs) => {
    expect(gradientError(fn, inputs)).toBeLessThan(1e-2);
  });

  it('sees a wrong one', () => {
    const wrong = (a: Tensor): Tensor =>
      customGrad([a], x => ({ value: x!.square(), saved: [], gradient: dy => [dy.mul(2)] }));
    expect(gradientError(a => wrong(a!), [rows])).toBeGreaterThan(0.1);
  });
});

describe('rows of zeros', () => {
  it('have a finite gradient when normalised', () => {
    const gradient = tf.grad((x: Tensor) => l2Normalize(x).sum())(tf.tensor2d([0, 0, 0, 3, 4, 0], [2, 3]));
    expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
  });
});

describe('wrong shapes', () => {
  it('are named', () => {
    expect(() => conv2d(tf.zeros([1, 4, 4, 3]), tf.zeros([3, 3, 4, 8]))).toThrow(
      /conv2d: .*got \[1,4,4,3\], \[3,3,4,8\]/,
    );
    expect(() => matMul(tf.zeros([2, 3]), tf.zeros([2, 3]))).toThrow(
      /matMul: inner sizes must agree; got \[2,3\] · \[2,3\]/,
    );
  });
});
