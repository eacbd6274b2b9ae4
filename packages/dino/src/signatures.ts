/** How runs of DINO fail: told from the loss and from what the step logs. */
import { lossStuckAt, type MetricLine, rankFalls, recent, type Signature } from '@ssl/core';
import { type DINOConfig, defaults } from './config.ts';

/** Steps over which a failure must last. */
const STEPS = 30;
/** Entropy of the targets over ln K from which on they say nothing. */
const UNIFORM = 0.98;
/** In nats: of targets that name one output, and of a batch that is given no more than two (ln 2 = 0.693). */
const ONE = 0.1;
const TWO = 0.7;
/** Momentum below which the teacher is the student of a step ago; it does not learn with 0 (arXiv:2104.14294 §5.2, fig. 6). */
const NO_TEACHER = 0.5;

export function signaturesOf({ outputDim, teacherTemperature, centerMomentum, momentum }: DINOConfig): Signature[] {
  const uniform = UNIFORM * Math.log(outputDim);
  const stuck = lossStuckAt(() => Math.log(outputDim), {
    label: `ln ${outputDim}`,
    tolerance: 0.003,
    cause:
      'the student tells no output from another though the teacher does: its temperature is too high, or it does not learn',
    change: `set studentTemperature to ${defaults.studentTemperature}`,
  });
  return [
    {
      name: 'uniform-targets',
      cause:
        'the teacher gives all outputs alike to every image: centring without enough sharpening (arXiv:2104.14294 §5.3)',
      change: `set teacherTemperature to ${defaults.warmupTeacherTemperature}; it is ${teacherTemperature}`,
      evidence({ lines }) {
        const entropies = stayed(lines, 'teacherEntropy', value => value >= uniform);
        return (
          entropies &&
          `the teacher's entropy was ${least(entropies)} or more of at most ln ${outputDim} = ${Math.log(outputDim).toFixed(3)} for ${STEPS} steps`
        );
      },
    },
    {
      name: 'few-outputs',
      cause: 'the teacher gives one output or two to all images: sharpening without centring (arXiv:2104.14294 §5.3)',
      change: `set centerMomentum to ${defaults.centerMomentum}; it is ${centerMomentum}`,
      evidence({ lines }) {
        const own = stayed(lines, 'teacherEntropy', value => value <= ONE);
        const all = stayed(lines, 'meanTargetEntropy', value => value <= TWO);
        return (
          own &&
          all &&
          `the entropy of the targets was at most ${most(own)} each and ${most(all)} together for ${STEPS} steps`
        );
      },
    },
    {
      ...stuck,
      evidence: context =>
        stayed(context.lines, 'teacherEntropy', value => value < uniform) ? stuck.evidence(context) : undefined,
    },
    {
      name: 'teacher-is-student',
      cause: 'momentum is so low that the teacher is the student, and its targets move with every step',
      change: `set momentum to ${defaults.momentum} (0.99 for short runs); it is ${momentum}`,
      evidence({ lines }) {
        const momenta = stayed(lines, 'teacherMomentum', value => value < NO_TEACHER);
        return momenta && `the teacher kept at most ${most(momenta)} of itself in each of ${STEPS} steps`;
      },
    },
    rankFalls({
      cause:
        'the features shrink to few dimensions while the loss is satisfied with them; most often the learning rate is too high',
      change: 'set learningRate to a tenth of it',
    }),
  ];
}

/** The newest values of a metric, where all of them are as said. */
function stayed(lines: readonly MetricLine[], metric: string, holds: (value: number) => boolean): number[] | undefined {
  const values = recent(lines, metric, STEPS);
  return values.length === STEPS && values.every(holds) ? values : undefined;
}

const least = (values: readonly number[]): string => Math.min(...values).toPrecision(3);
const most = (values: readonly number[]): string => Math.max(...values).toPrecision(3);
