import { describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { constant, cosine, linear, multiStep, polynomial, type Schedule, stepDecay } from './schedule.ts';
import { inEpochs, scaleLearningRate, sequence, warmup } from './schedule-composites.ts';

const run = (schedule: Schedule, total: number): number[] =>
  Array.from({ length: total + 1 }, (_, step) => schedule(step, total));

function expectValues(schedule: Schedule, expected: readonly number[]): void {
  run(schedule, expected.length - 1).forEach((value, step) => {
    expect(value, `step ${step}`).toBeCloseTo(expected[step]!, 12);
  });
}

describe('single schedules', () => {
  it('have their closed forms', () => {
    expectValues(constant(0.3), [0.3, 0.3, 0.3]);
    expectValues(linear(0, 2), [0, 0.5, 1, 1.5, 2]);
    expectValues(polynomial(1, 0, 2), [1, 9 / 16, 1 / 4, 1 / 16, 0]);
    expectValues(cosine(2, 1), [2, 1.5 + Math.SQRT1_2 / 2, 1.5, 1.5 - Math.SQRT1_2 / 2, 1]);
    expectValues(cosine(0.996, 1), [0.996, 0.998, 1]);
    expectValues(stepDecay(1, { every: 2, factor: 0.1 }), [1, 1, 0.1, 0.1, 0.01]);
    expectValues(multiStep(1, { at: [1, 3], factor: 0.5 }), [1, 0.5, 0.5, 0.25, 0.25]);
  });

  it('take shares of the run in place of steps', () => {
    expect(multiStep(1, { at: [0.07], factor: 0.5 })(7, 100)).toBe(0.5);
    const shares = multiStep(1, { at: [0.6, 0.8], factor: 0.1 });
    expect(run(shares, 200)).toEqual(run(multiStep(1, { at: [120, 160], factor: 0.1 }), 200));
    expect(run(stepDecay(1, { every: 0.25, factor: 0.1 }), 8)).toEqual(run(stepDecay(1, { every: 2, factor: 0.1 }), 8));
  });
});

describe('composites', () => {
  it('warmup rises to where the next schedule begins, which then has the rest of the run', () => {
    expectValues(warmup(2, cosine(1)), [0, 0.5, 1, 0.5, 0]);
    expectValues(warmup(2, constant(1), { from: 0.5 }), [0.5, 0.75, 1, 1]);
    expect(run(warmup(0.1, cosine(1)), 100)).toEqual(run(warmup(10, cosine(1)), 100));
    expect(run(warmup(0, cosine(1)), 10)).toEqual(run(cosine(1), 10));
  });

  it('sequence gives each part its own steps and total', () => {
    const asked: [number, number][] = [];
    const spy: Schedule = (step, total) => {
      asked.push([step, total]);
      return step;
    };
    expect(
      run(sequence({ for: 2, schedule: spy }, { for: 0.2, schedule: constant(-1) }, { schedule: spy }), 10),
    ).toEqual([0, 1, -1, -1, 0, 1, 2, 3, 4, 5, 6]);
    expect(asked).toEqual([[0, 2], [1, 2], ...[0, 1, 2, 3, 4, 5, 6].map(step => [step, 6])]);
  });

  it('inEpochs counts in epochs, smoothly or in stairs', () => {
    expect(run(inEpochs(cosine(1), 5), 20)).toEqual(run(cosine(1), 20));
    const stairs = run(inEpochs(multiStep(0.03, { at: [2, 3], factor: 0.1 }), 5, { staircase: true }), 20);
    expect(stairs).toEqual(run(multiStep(0.03, { at: [10, 15], factor: 0.1 }), 20));
    expect(run(inEpochs(warmup(0.1, cosine(1)), 10), 50)).toEqual(
      run(warmup(5, cosine(1)), 50).map(value => expect.closeTo(value, 12)),
    );
    const flat = run(inEpochs(cosine(1), 5, { staircase: true }), 20);
    expect(flat.slice(5, 10)).toEqual(new Array(5).fill(cosine(1)(1, 4)));
  });
});

describe('properties', () => {
  const total = 97;
  const falling = [
    cosine(1),
    linear(1, 0),
    polynomial(1, 0.1, 0.9),
    stepDecay(1, { every: 10, factor: 0.5 }),
    warmup(0, cosine(1, 0.2)),
  ];

  it.each(falling.map((schedule, i) => [i, schedule] as const))(
    'falling schedule %i never rises and stays within its ends',
    (_i, schedule) => {
      const values = run(schedule, total);
      values.slice(1).forEach((value, i) => {
        expect(value).toBeLessThanOrEqual(values[i]!);
      });
      expect(values[0]).toBe(1);
    },
  );

  it.each([...falling, warmup(9, cosine(1))].map((schedule, i) => [i, schedule] as const))(
    'schedule %i holds its last value',
    (_i, schedule) => {
      expect(schedule(total + 50, total)).toBeCloseTo(schedule(total, total), 12);
    },
  );

  it('warmup has no jump', () => {
    const values = run(warmup(20, cosine(3, 1), { from: 1 }), total);
    const jumps = values.slice(1).map((value, i) => Math.abs(value - values[i]!));
    expect(Math.max(...jumps)).toBeLessThan(2 / 20 + 1e-12);
  });
});

describe('scaleLearningRate', () => {
  it('is linear to 256, or goes with the root', () => {
    expect(scaleLearningRate(0.3, 4096)).toBeCloseTo(4.8, 12); // SimCLR, appendix B.1
    expect(scaleLearningRate(0.075, 4096, 'sqrt')).toBeCloseTo(4.8, 12);
    expect(scaleLearningRate(0.05, 256)).toBe(0.05);
  });
});

describe('what cannot be', () => {
  it.each([
    ['a NaN', () => constant(Number.NaN), /value must be a finite number; got NaN/],
    ['power 0', () => polynomial(1, 0, 0), /power must be/],
    ['every 0', () => stepDecay(1, { every: 0, factor: 0.1 }), /every must be/],
    ['a negative milestone', () => multiStep(1, { at: [-1], factor: 0.1 }), /at\[0\] must be/],
    [
      'falling milestones',
      () => multiStep(1, { at: [30, 0.2], factor: 0.1 })(0, 100),
      /at must rise; got 30, 0.2, which is steps 30, 20/,
    ],
    ['a negative warm-up', () => warmup(-1, constant(1)), /span must be/],
    [
      'a warm-up longer than the run',
      () => warmup(50, constant(1))(0, 40),
      /warmup: must be shorter than the run; got 50 of 40 steps/,
    ],
    [
      'parts longer than the run',
      () => sequence({ for: 30, schedule: constant(1) }, { for: 20, schedule: constant(1) })(0, 40),
      /got 30 \+ 20 steps of 40/,
    ],
    ['no parts', () => sequence(), /needs a part/],
    [
      'an open part in the middle',
      () => sequence({ schedule: constant(1) }, { schedule: constant(1) }),
      /only the last part/,
    ],
    ['total 0', () => cosine(1)(0, 0), /total must be/],
    ['a negative step', () => multiStep(1, { at: [1], factor: 0.1 })(-1, 10), /step must be/],
    ['half a step an epoch', () => inEpochs(constant(1), 0.5), /stepsPerEpoch must be a whole number/],
    ['batch 0', () => scaleLearningRate(0.1, 0), /batchSize must be/],
  ] as const)('%s gives a ConfigError', (_name, call, message) => {
    expect(call).toThrow(ConfigError);
    expect(call).toThrow(message);
  });
});
