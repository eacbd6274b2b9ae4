import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { compile } from '../tensor/compile.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { liveTensors, Variable } from '../tensor/variable.ts';
import { adamw } from './adamw.ts';
import { clipByGlobalNorm } from './clip.ts';
import { lars } from './lars.ts';
import type { OptimizerFactory } from './optimizer.ts';
import { sgd } from './sgd.ts';

type Values = Readonly<Record<string, readonly number[]>>;

interface Case {
  readonly name: string;
  readonly kind: 'sgd' | 'adam' | 'adamw' | 'lars';
  readonly options: {
    readonly momentum?: number;
    readonly nesterov?: boolean;
    readonly weightDecay?: number;
    readonly betas?: readonly [number, number];
    readonly epsilon?: number;
    readonly trustCoefficient?: number;
  };
  readonly zero?: readonly string[];
  readonly maxNorm?: number;
  readonly gradientNorms?: readonly number[];
  readonly learningRates: readonly number[];
  readonly after: readonly Values[];
}

interface Fixture {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly initial: Values;
  readonly gradients: readonly Values[];
  readonly cases: readonly Case[];
  readonly clipping: readonly {
    readonly maxNorm: number;
    readonly steps: readonly (Values & { readonly norm: number })[];
  }[];
}

const fixture = JSON.parse(readFileSync(new URL('./__fixtures__/optimizers.json', import.meta.url), 'utf8')) as Fixture;
const NAMES = Object.keys(fixture.shapes);

/** Relative to the largest value. The fixtures are float64, so this is all the rounding of ten float32 steps. */
const TOLERANCE = 1e-6;

function factoryOf({ kind, options }: Case): OptimizerFactory {
  const { betas = [0.9, 0.999], epsilon = 1e-8, nesterov = false, momentum = 0, trustCoefficient = 1 } = options;
  if (kind === 'lars') return lars({ momentum, nesterov, trustCoefficient, epsilon });
  const exclude = (): boolean => false; // PyTorch decays everything
  return kind === 'sgd'
    ? sgd({ momentum, nesterov, exclude })
    : adamw({ b1: betas[0], b2: betas[1], eps: epsilon, exclude });
}

/** PyTorch's Adam adds the decay to the gradient, which this project has no use for. */
const cases = fixture.cases.filter(({ kind, options }) => kind !== 'adam' || options.weightDecay === 0);

function tensorsOf(values: Values): Tensor[] {
  return NAMES.map(name => tf.tensor([...values[name]!], [...fixture.shapes[name]!], 'float32'));
}

function expectClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  what: string,
  tolerance: number = TOLERANCE,
): void {
  const largest = Math.max(...expected.map(Math.abs));
  const gap = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!))) / largest;
  expect(gap, what).toBeLessThanOrEqual(tolerance);
}

const alive: Variable[] = [];
afterEach(() => {
  for (const variable of alive.splice(0)) variable.dispose();
});

function variablesOf(one: Case): Variable[] {
  const initial = tensorsOf(fixture.initial);
  const variables = NAMES.map(
    (name, i) => new Variable(one.zero?.includes(name) ? tf.zerosLike(initial[i]!) : initial[i]!, { name }),
  );
  alive.push(...variables);
  return variables;
}

describe.each(['eager', 'compiled'])('%s, ten steps next to PyTorch and lightly', mode => {
  it.each(cases.map(one => [one.name, one] as const))('%s', async (_name, one) => {
    const variables = variablesOf(one);
    const optimizer = factoryOf(one)(variables);
    alive.push(...(Object.values(optimizer.state) as Variable[]));
    const step = (gradients: Tensor[], learningRate: Tensor, weightDecay: Tensor, count: Tensor): Tensor => {
      const clipped =
        one.maxNorm === undefined ? { gradients, norm: tf.scalar(0) } : clipByGlobalNorm(gradients, one.maxNorm);
      optimizer.apply(clipped.gradients, { learningRate, weightDecay, step: count });
      return clipped.norm;
    };
    const compiled = compile(step);
    const run = mode === 'eager' ? async (...args: Parameters<typeof step>) => step(...args) : compiled;
    for (const [i, expected] of one.after.entries()) {
      const scalars = [one.learningRates[i]!, one.options.weightDecay ?? 0, i + 1].map(value => tf.scalar(value));
      const norm = await run(tensorsOf(fixture.gradients[i]!), scalars[0]!, scalars[1]!, scalars[2]!);
      if (one.gradientNorms) expectClose(norm.dataSync(), [one.gradientNorms[i]!], `norm at step ${i}`);
      variables.forEach((variable, j) => {
        expectClose(variable.values(), expected[NAMES[j]!]!, `${NAMES[j]} after step ${i}`);
      });
    }
    if (mode === 'compiled') expect(compiled.graphs).toBe(1);
    compiled.dispose();
  });
});

describe('clipByGlobalNorm', () => {
  it.each(fixture.clipping)('equals clip_grad_norm_ at $maxNorm', ({ maxNorm, steps }) => {
    steps.forEach((expected, i) => {
      const { gradients, norm } = clipByGlobalNorm(tensorsOf(fixture.gradients[i]!), maxNorm);
      expectClose(norm.dataSync(), [expected.norm], 'norm');
      gradients.forEach((gradient, j) => {
        expectClose(gradient.dataSync(), expected[NAMES[j]!]!, NAMES[j]!);
      });
    });
  });

  it('keeps directions and never exceeds the limit, whatever the gradients', () => {
    for (let seed = 0; seed < 10; seed++) {
      const given = [
        tf.randomNormal([7, 3], 0, 10 ** (seed - 5), 'float32', seed),
        tf.randomNormal([5], 0, 1, 'float32', seed + 100),
      ];
      const { gradients, norm } = clipByGlobalNorm(given, 0.5);
      const after = Math.sqrt(gradients.reduce((sum, gradient) => sum + gradient.square().sum().dataSync()[0]!, 0));
      expect(after).toBeLessThanOrEqual(0.5 * (1 + 1e-6));
      const factor = Math.min(1, 0.5 / (norm.dataSync()[0]! + 1e-6));
      given.forEach((gradient, i) => {
        expectClose(
          gradients[i]!.dataSync(),
          Array.from(gradient.dataSync(), x => x * factor),
          'direction',
        );
      });
    }
  });

  it('lets a NaN through instead of hiding it', () => {
    const { gradients, norm } = clipByGlobalNorm([tf.tensor1d([1, Number.NaN]), tf.tensor1d([2])], 1);
    expect(norm.dataSync()[0]).toBeNaN();
    expect(gradients[0]!.dataSync()[1]).toBeNaN();
  });
});

it('leaves no tensors behind', async () => {
  const variables = variablesOf(fixture.cases[0]!);
  const hyper = { learningRate: tf.scalar(0.1), weightDecay: tf.scalar(0.1), step: tf.scalar(1) };
  const gradients = tensorsOf(fixture.gradients[0]!);
  for (const factory of [sgd(), lars(), adamw()]) {
    const optimizer = factory(variables);
    alive.push(...(Object.values(optimizer.state) as Variable[]));
    optimizer.apply(gradients, hyper);
    const before = [liveTensors(), tf.memory().numTensors];
    for (let i = 0; i < 3; i++) optimizer.apply(gradients, hyper);
    expect([liveTensors(), tf.memory().numTensors]).toEqual(before);
  }
});
