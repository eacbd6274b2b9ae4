import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError, ShapeError } from '../errors.ts';
import { stateOf } from '../nn/module.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { Variable } from '../tensor/variable.ts';
import { adamw } from './adamw.ts';
import { clipByGlobalNorm } from './clip.ts';
import type { GroupOptions } from './groups.ts';
import { lars } from './lars.ts';
import type { Optimizer, OptimizerFactory } from './optimizer.ts';
import { sgd } from './sgd.ts';

const alive: Variable[] = [];
afterEach(() => {
  for (const variable of alive.splice(0)) variable.dispose();
});

function ones(name: string, shape: readonly number[]): Variable {
  const variable = new Variable(tf.ones([...shape]), { name });
  alive.push(variable);
  return variable;
}

function network(): Variable[] {
  return [
    ones('backbone.weight', [2, 2]),
    ones('backbone.bias', [2]),
    ones('predictor.weight', [2, 2]),
    ones('bn.weight', [2]),
  ];
}

function make(factory: OptimizerFactory, parameters: readonly Variable[]): Optimizer {
  const optimizer = factory(parameters);
  alive.push(...stateOf(optimizer.state).values());
  return optimizer;
}

/** The first value of each variable after one step with gradients of `gradient`. */
function afterStep(factory: OptimizerFactory, gradient: number, learningRate = 0.1, weightDecay = 0.5): number[] {
  const variables = network();
  const gradients = variables.map(({ shape }) => tf.fill([...shape], gradient));
  make(factory, variables).apply(gradients, hyperOf(learningRate, weightDecay));
  return variables.map(variable => variable.values()[0]!);
}

function hyperOf(learningRate: number, weightDecay = 0): { learningRate: Tensor; weightDecay: Tensor; step: Tensor } {
  return { learningRate: tf.scalar(learningRate), weightDecay: tf.scalar(weightDecay), step: tf.scalar(1) };
}

const isPredictor = ({ name }: Variable): boolean => name.startsWith('predictor');

describe('exclusions', () => {
  it.each([
    ['sgd', sgd],
    ['adamw', adamw],
  ] as const)('%s decays no norms and biases unless told to', (_name, factory) => {
    const [weight, bias, , norm] = afterStep(factory(), 0);
    expect(weight).toBeCloseTo(0.95, 6); // 1 − .1 · .5
    expect([bias, norm]).toEqual([1, 1]);
    expect(afterStep(factory({ exclude: () => false }), 0)[1]).toBeCloseTo(0.95, 6);
    expect(afterStep(factory({ exclude: isPredictor }), 0)[2]).toBe(1);
  });

  it('lars does not adapt what is excluded', () => {
    const [weight, bias] = afterStep(lars({ trustCoefficient: 0.01 }), 1, 0.1, 0);
    expect(bias).toBeCloseTo(0.9, 6);
    expect(weight).toBeCloseTo(1 - 0.1 * 0.01, 6); // |w| = |g|
  });

  it('a group can exclude more', () => {
    const groups = [{ match: isPredictor, excluded: true }];
    const [weight, , predictor] = afterStep(lars({ trustCoefficient: 0.01, groups }), 1, 0.1, 0.5);
    expect(predictor).toBeCloseTo(0.9, 6); // neither adapted nor decayed
    expect(weight).toBeGreaterThan(0.99);
    expect(afterStep(sgd({ groups }), 0)[2]).toBe(1);
  });
});

describe('groups', () => {
  it('scale the rate and the decay, and fix a rate', () => {
    const scaled = { groups: [{ match: isPredictor, learningRateScale: 0.5, weightDecayScale: 2 }] };
    expect(afterStep(sgd(scaled), 1)[2]).toBeCloseTo(1 - 0.05 * (1 + 0.5 * 2), 6);
    expect(afterStep(sgd(scaled), 1)[0]).toBeCloseTo(1 - 0.1 * 1.5, 6);
    const fixed = { groups: [{ match: isPredictor, fixedLearningRate: 0.2, learningRateScale: 3 }] };
    expect(afterStep(sgd(fixed), 1, 0.1, 0)[2]).toBeCloseTo(0.8, 6);
    const both = { groups: [...scaled.groups, { match: () => true, learningRateScale: 0.1 }] };
    expect(afterStep(sgd(both), 1, 0.1, 0)[2]).toBeCloseTo(1 - 0.1 * 0.5 * 0.1, 6);
  });

  it.each([
    [{ match: () => false }, /groups\[0\]: must match a parameter; got none of 4/],
    [{ match: isPredictor, learningRateScale: -1 }, /learningRateScale must be a finite number, 0 or above; got -1/],
    [{ match: isPredictor, fixedLearningRate: Number.NaN }, /fixedLearningRate must be/],
  ] as const)('refuse %j', (group, message) => {
    const options: GroupOptions = { groups: [group] };
    expect(() => sgd(options)(network())).toThrow(ConfigError);
    expect(() => sgd(options)(network())).toThrow(message);
  });

  it('refuse two fixed rates for one parameter', () => {
    const groups = [
      { match: isPredictor, fixedLearningRate: 0.1 },
      { match: () => true, fixedLearningRate: 0.2 },
    ];
    expect(() => sgd({ groups })(network())).toThrow(/one fixed learning rate; got 0.1, 0.2 for predictor.weight/);
  });
});

describe('state', () => {
  it('is named after the parameters', () => {
    const names = (factory: OptimizerFactory): string[] => [
      ...stateOf(make(factory, network().slice(0, 2)).state).keys(),
    ];
    expect(names(sgd())).toEqual(['backbone.weight.momentum', 'backbone.bias.momentum']);
    expect(names(sgd({ momentum: 0 }))).toEqual([]);
    expect(names(lars())).toEqual(['backbone.weight.momentum', 'backbone.bias.momentum']);
    expect(names(adamw())).toEqual([
      'backbone.weight.mean',
      'backbone.weight.square',
      'backbone.bias.mean',
      'backbone.bias.square',
    ]);
  });

  it('starts at zero and is not trained', () => {
    for (const variable of stateOf(make(adamw(), network()).state).values()) {
      expect(variable.kind).toBe('buffer');
      expect(new Set(variable.values())).toEqual(new Set([0]));
    }
  });
});

describe('what cannot be', () => {
  it.each([
    ['sgd momentum', () => sgd({ momentum: 1 }), /sgd: momentum must be a number in \[0, 1\); got 1/],
    ['sgd nesterov', () => sgd({ momentum: 0, nesterov: true }), /nesterov needs momentum/],
    ['lars momentum', () => lars({ momentum: -0.1 }), /lars: momentum/],
    ['lars trust', () => lars({ trustCoefficient: 0 }), /trustCoefficient must be a finite number above 0; got 0/],
    ['lars epsilon', () => lars({ epsilon: Number.NaN }), /epsilon/],
    ['lars nesterov', () => lars({ momentum: 0, nesterov: true }), /nesterov needs momentum/],
    ['adamw b1', () => adamw({ b1: 1 }), /adamw: b1/],
    ['adamw b2', () => adamw({ b2: Number.POSITIVE_INFINITY }), /adamw: b2/],
    ['adamw eps', () => adamw({ eps: 0 }), /adamw: eps/],
    ['a string', () => sgd({ momentum: '0.9' as unknown as number }), /momentum must be a number/],
    ['no parameters', () => sgd()([]), /sgd: needs parameters/],
    ['equal names', () => sgd()([ones('a', [1]), ones('a', [1])]), /different names; got 'a' twice/],
    ['clip', () => clipByGlobalNorm([tf.scalar(1)], 0), /maxNorm must be/],
  ] as const)('%s gives a ConfigError', (_name, call, message) => {
    expect(call).toThrow(ConfigError);
    expect(call).toThrow(message);
  });

  it('gradients that do not fit give a ShapeError', () => {
    const variables = network();
    const optimizer = make(sgd(), variables);
    expect(() => optimizer.apply([tf.ones([2, 2])], hyperOf(1))).toThrow(ShapeError);
    const turned = variables.map(({ shape }) => tf.ones([...shape, 1]));
    expect(() => optimizer.apply(turned, hyperOf(1))).toThrow(
      /gradient of backbone.weight must be \[2,2\]; got \[2,2,1\]/,
    );
  });
});

describe('properties', () => {
  const quadratic = (factory: OptimizerFactory, steps: number, rate: number): number => {
    const variable = ones('w', [3, 4]);
    const optimizer = make(factory, [variable]);
    for (let i = 1; i <= steps; i++) optimizer.apply([variable.read()], { ...hyperOf(rate), step: tf.scalar(i) });
    return Math.max(...variable.values().map(Math.abs));
  };

  it.each([
    ['sgd', sgd(), 0.1],
    ['nesterov', sgd({ nesterov: true }), 0.1],
    ['lars', lars({ trustCoefficient: 0.1 }), 0.3],
    ['adamw', adamw(), 0.02],
  ] as const)('%s goes down a quadratic', (_name, factory, rate) => {
    expect(quadratic(factory, 150, rate)).toBeLessThan(0.05);
  });

  it('lars: the step does not depend on the scale of the gradient', () => {
    const [small] = afterStep(lars(), 1e-2, 0.1, 0);
    const [large] = afterStep(lars(), 1e2, 0.1, 0);
    expect(Math.abs(1 - large!) / Math.abs(1 - small!)).toBeCloseTo(1, 2);
  });

  it('adamw: the first step is the learning rate, whatever the gradient', () => {
    for (const gradient of [1e-3, 1, 1e3]) expect(afterStep(adamw(), gradient, 0.1, 0)[0]).toBeCloseTo(0.9, 4);
  });

  it('adamw: the first steps are exact, where a float32 power of b2 would leave five digits', () => {
    const variable = new Variable(tf.zeros([1]), { name: 'w' });
    alive.push(variable);
    const optimizer = make(adamw(), [variable]);
    let [w, mean, square] = [0, 0, 0];
    for (const [i, gradient] of [1, 0.25, -0.5, 2, 0.125].entries()) {
      optimizer.apply([tf.tensor1d([gradient])], { ...hyperOf(0.125), step: tf.scalar(i + 1) });
      mean = 0.9 * mean + 0.1 * gradient;
      square = 0.999 * square + 0.001 * gradient ** 2;
      w -= (0.125 * (mean / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(square / (1 - 0.999 ** (i + 1))) + 1e-8);
      expect(Math.abs(variable.values()[0]! / w - 1), `step ${i}`).toBeLessThan(1e-6);
    }
  });

  it('a read made before an update keeps the old value', () => {
    const variable = ones('w', [4]);
    const before = variable.read();
    make(sgd(), [variable]).apply([tf.ones([4])], hyperOf(0.5));
    expect([...before.dataSync()]).toEqual([1, 1, 1, 1]);
    expect([...variable.values()]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });
});
