import { type MetricLine, rankFalls, recent, type Signature } from '@ssl/core';
import { defaults } from './config.ts';

/** Steps over which metrics must have stayed. */
const STEPS = 30;
/** Spread of the targets below which they are nearly one point; sound runs have about 0.7. */
const ONE_POINT = 0.25;
/** Loss below which predictions hit, of 4 for unrelated ones. */
const HIT = 0.05;
/** Momentum below which the teacher is the student of a step ago; with 0 the paper's collapses (table 5a). */
const NO_TEACHER = 0.5;
/** Agreement that a teacher which follows is above after `LONG` steps, and the momentum from which on it can be too slow. */
const FOLLOWING = 0.7;
const SLOW = 0.99;
const LONG = 150;

/** How runs of BYOL fail, told from `loss`, `targetStd`, `teacherAgreement`, `teacherMomentum` and RankMe. */
export const signatures: readonly Signature[] = [
  {
    name: 'collapse',
    evidence: ({ lines }) => {
      const [loss, spread] = [largest(lines, 'loss'), largest(lines, 'targetStd')];
      if (loss === undefined || spread === undefined || loss >= HIT || spread >= ONE_POINT) return undefined;
      return `the loss is below ${loss.toPrecision(2)} and the spread of the targets below ${spread.toPrecision(2)} for ${STEPS} steps`;
    },
    cause:
      'the projections of all images have become one: the predictor is missing or learns too slowly for a teacher that follows this fast',
    change: `momentum to ${defaults.momentum}`,
  },
  {
    name: 'teacher-is-student',
    evidence: ({ lines }) => {
      const momentum = largest(lines, 'teacherMomentum');
      if (momentum === undefined || momentum >= NO_TEACHER) return undefined;
      const agreement = recent(lines, 'teacherAgreement').at(-1)!;
      return `the teacher kept at most ${momentum.toPrecision(2)} of itself in each of ${STEPS} steps, and agrees with the student to ${agreement.toFixed(4)}`;
    },
    cause: 'momentum is so low that the teacher is the student, and its targets move with every step',
    change: `momentum to 0.99 (${defaults.momentum} for long runs)`,
  },
  {
    name: 'teacher-behind',
    evidence: ({ lines }) => {
      const agreements = recent(lines, 'teacherAgreement', LONG);
      const momenta = recent(lines, 'teacherMomentum', LONG);
      if (agreements.length < LONG || Math.min(...momenta) < SLOW) return undefined;
      const [before, now] = [mean(agreements.slice(0, LONG / 3)), mean(agreements.slice(-LONG / 3))];
      if (now >= FOLLOWING || now > before + 0.05) return undefined;
      return `teacher and student agreed to ${before.toFixed(2)}, ${LONG} steps on to ${now.toFixed(2)}; 1 is the same`;
    },
    cause: 'momentum is so high that the teacher does not follow: the targets stay those of an untrained network',
    change: 'momentum to 0.99, and lower the shorter the run',
  },
  rankFalls({
    cause: 'the learning rate is too high for the features to stay apart',
    change: 'a lower learningRate (a tenth of it)',
  }),
];

function largest(lines: readonly MetricLine[], metric: string): number | undefined {
  const values = recent(lines, metric, STEPS);
  return values.length < STEPS ? undefined : Math.max(...values);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
