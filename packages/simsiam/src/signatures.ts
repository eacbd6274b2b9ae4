import { type MetricLine, rankFalls, recent, type Signature } from '@ssl/core';

/** Steps over which a collapse must have been seen. */
const STEPS = 30;
/** Loss below which predictions hit. */
const HIT = -0.9;
/** Spread below which the projections are one point, and dimensions below which they are one line; sound runs have 0.9, and 2 or more. */
const ONE_POINT = 0.1;
const ONE_LINE = 1.5;
/** Loss that predictions reach without having learnt anything, and steps after which they must be better. */
const NOTHING = 0.1;
const LONG = 150;

/** How runs of SimSiam fail, told from `loss`, `targetStd`, `targetDimensions` and RankMe. */
export const signatures: readonly Signature[] = [
  {
    name: 'collapse',
    evidence: ({ lines }) => {
      const [loss, spread, dimensions] = ['loss', 'targetStd', 'targetDimensions'].map(name => largest(lines, name));
      if (loss === undefined || spread === undefined || dimensions === undefined || loss >= HIT) return undefined;
      if (spread >= ONE_POINT && dimensions >= ONE_LINE) return undefined;
      return `in the last ${STEPS} steps the loss was below ${loss.toFixed(2)}, the spread of the projections at most ${spread.toFixed(2)}, and they spread in ${dimensions.toFixed(1)} dimensions`;
    },
    cause:
      'the projections of all images have become one point or line: the learning rate is too high for the batch (or, in a step of your own, stop-gradient or predictor is missing)',
    change: 'a lower learningRate (a tenth of it)',
  },
  {
    name: 'loss-stuck',
    evidence: ({ lines }) => {
      const losses = recent(lines, 'loss', LONG);
      if (losses.length < LONG || losses.some(loss => Math.abs(loss) > NOTHING)) return undefined;
      return `the loss has stayed between −${NOTHING} and ${NOTHING} for ${LONG} steps; 0 is that of unrelated predictions`;
    },
    cause: 'the learning rate is too low (or the two views of an image have nothing in common)',
    change: 'a higher learningRate: 0.05 for a batch of 256 is usual',
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
