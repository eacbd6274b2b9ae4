import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { constant, cosine, linear, multiStep, type Schedule, stepDecay } from './schedule.ts';
import { sequence, warmup } from './schedule-composites.ts';

type Options = Readonly<Record<string, number>>;

interface Fixture {
  readonly base: number;
  readonly schedules: readonly {
    readonly kind: string;
    readonly options: Options & { readonly milestones?: readonly number[] };
    readonly rates: readonly number[];
  }[];
  readonly values: readonly { readonly kind: string; readonly options: Options; readonly values: readonly number[] }[];
}

const fixture = JSON.parse(readFileSync(new URL('./__fixtures__/schedules.json', import.meta.url), 'utf8')) as Fixture;
const { base } = fixture;

/** Relative, of numbers worked out in float64 on both sides; PyTorch multiplies the last rate, we start from the first. */
const TOLERANCE = 1e-12;

/** How each of PyTorch's, lightly's and SimCLR's schedules is written here. */
const ours: Readonly<Record<string, (o: Options, milestones: readonly number[]) => Schedule>> = {
  constant: () => constant(base),
  cosine: o => cosine(base, o.minimum),
  step: o => stepDecay(base, { every: o.every!, factor: o.gamma! }),
  multiStep: (o, milestones) => multiStep(base, { at: milestones, factor: o.gamma! }),
  constantThenBase: o =>
    sequence({ for: o.steps!, schedule: constant(base * o.factor!) }, { schedule: constant(base) }),
  linear: o => linear(base * o.from!, base * o.to!),
  'linear, then cosine': o =>
    sequence(
      { for: o.steps!, schedule: linear(base * o.from!, base * o.to!) },
      { for: o.period!, schedule: cosine(base, o.minimum) },
    ),
  // One step ahead at both ends: the first update has rate base / warmup, the last one has the end's.
  lightly: ({ warmup: rise = 0, total = 0, end = 0 }) =>
    sequence(
      ...(rise > 0 ? [{ for: rise, schedule: linear(base / rise, (base * (rise + 1)) / rise) }] : []),
      { for: total - rise - 1, schedule: cosine(base, base * end) },
      { schedule: constant(base * end) },
    ),
  simclr: o => warmup(o.warmup!, cosine(base)),
};

function expectRates(schedule: Schedule, total: number, expected: readonly number[]): void {
  expected.forEach((rate, step) => {
    const gap = Math.abs(schedule(step, total) - rate);
    expect(gap, `step ${step}: ${schedule(step, total)} for ${rate}`).toBeLessThanOrEqual(
      TOLERANCE * Math.max(...expected),
    );
  });
}

describe('schedules equal those of PyTorch, lightly and SimCLR', () => {
  it.each(fixture.schedules)('$kind $options', ({ kind, options, rates }) => {
    const { total, period, steps, milestones = [] } = options;
    const length = kind === 'linear' ? steps! : (total ?? (kind === 'cosine' ? period! : rates.length));
    expectRates(ours[kind]!(options, milestones), length, rates);
  });

  it.each(fixture.values)('other quantities: $kind $options', ({ kind, options, values }) => {
    const { start = 0, end = 0, total = 0, steps = 0 } = options;
    // lightly reaches the end at step total − 1.
    if (kind === 'cosine') expectRates(cosine(start, end), total - 1, values);
    else expectRates(linear(start, end), steps, values);
  });
});
