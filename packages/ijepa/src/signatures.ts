/** How runs of I-JEPA fail: told from what the step logs and from RankMe. */
import { type MetricLine, rankFalls, recent, type Signature } from '@ssl/core';
import { cifar, defaults } from './config.ts';

/** Steps over which metrics must have stayed. */
const STEPS = 30;
/** Spread of the targets' means over pictures, below which the teacher tells no picture from another. */
const ONE_POINT = 0.05;
/** Loss below which predictions hit: unrelated tokens have 0.8 or more. */
const HIT = 0.05;
/** Momentum below which the teacher is the student of a step ago. */
const NO_TEACHER = 0.5;

export const signatures: readonly Signature[] = [
  {
    name: 'collapse',
    cause:
      'all pictures have become one to the teacher, and one answer is right for all targets: it follows the student too fast',
    change: `momentum to ${defaults.momentum}`,
    evidence({ lines }) {
      const [loss, spread] = [largest(lines, 'loss'), largest(lines, 'targetStd')];
      if (loss === undefined || spread === undefined || loss >= HIT || spread >= ONE_POINT) return undefined;
      return `the loss is below ${written(loss)} and the spread of the targets below ${written(spread)} for ${STEPS} steps`;
    },
  },
  {
    name: 'teacher-is-student',
    cause: 'momentum is so low that the teacher is the student, and its targets move with every step',
    change: `momentum to 0.99 (${defaults.momentum} for long runs)`,
    evidence({ lines }) {
      const momentum = largest(lines, 'teacherMomentum');
      if (momentum === undefined || momentum >= NO_TEACHER) return undefined;
      return `the teacher kept at most ${written(momentum)} of itself in each of ${STEPS} steps`;
    },
  },
  {
    name: 'teacher-still',
    cause: 'momentum is 1: the teacher never changes, and the targets stay those of the network that it started as',
    change: `momentum to ${defaults.momentum}, and lower the shorter the run`,
    evidence({ lines }) {
      const momenta = recent(lines, 'teacherMomentum', STEPS);
      if (momenta.length < STEPS || momenta.some(momentum => momentum < 1)) return undefined;
      return `the teacher kept all of itself in each of ${STEPS} steps`;
    },
  },
  rankFalls({
    cause:
      'the features shrink to few dimensions while the loss goes on falling; most often the weight decay is too large',
    change: `weightDecay to ${cifar.weightDecay} and finalWeightDecay to ${cifar.finalWeightDecay}`,
  }),
];

function largest(lines: readonly MetricLine[], metric: string): number | undefined {
  const values = recent(lines, metric, STEPS);
  return values.length < STEPS ? undefined : Math.max(...values);
}

function written(value: number): string {
  return Number(value.toPrecision(2)).toString();
}
