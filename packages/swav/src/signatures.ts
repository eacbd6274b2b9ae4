/** How runs of SwAV fail: told from the loss and from what the step logs. */
import { lossStuckAt, type MetricLine, rankFalls, recent, type Signature } from '@ssl/core';
import type { SwAVConfig } from './config.ts';

/** Steps over which a failure must last. */
const STEPS = 30;
/** Entropy of the assignments over ln K from which on they name all prototypes alike. */
const UNIFORM = 0.98;
/** By how much the loss may rise when the queue comes in; it should fall (README.md of the official code, Common Issues). */
const RISE = 1.02;

export function signaturesOf({ prototypes, epsilon, queueSize }: SwAVConfig): Signature[] {
  const stuck = lossStuckAt(() => Math.log(prototypes), {
    label: `ln ${prototypes}`,
    tolerance: 0.003,
    cause: 'predictions tell no prototype from another though the assignments do: the temperature is too high',
    change: 'set temperature to 0.1',
  });
  return [
    {
      name: 'collapse',
      cause:
        'every image is assigned to all prototypes alike: epsilon is too large for how far the images are apart, or they have become one',
      change: `set epsilon to 0.03; it is ${epsilon}`,
      evidence: ({ lines }) => {
        const entropies = recent(lines, 'assignmentEntropy', STEPS);
        if (entropies.length < STEPS || Math.min(...entropies) < UNIFORM) return undefined;
        return `the entropy of the assignments was ${Math.min(...entropies).toFixed(3)} of ln ${prototypes} or more for ${STEPS} steps`;
      },
    },
    { ...stuck, evidence: context => (sharp(context.lines) ? stuck.evidence(context) : undefined) },
    queueDisturbs(queueSize),
    rankFalls({
      cause:
        'the features shrink to few dimensions while the loss is satisfied with them; most often the weight decay is too large',
      change: 'set weightDecay to 0.000001',
    }),
  ];
}

function sharp(lines: readonly MetricLine[]): boolean {
  const entropies = recent(lines, 'assignmentEntropy', STEPS);
  return entropies.length === STEPS && Math.max(...entropies) < UNIFORM;
}

/** Rows of a queue that is too long or begins too early are those of another network. */
function queueDisturbs(queueSize: number): Signature {
  return {
    name: 'queue-disturbs',
    cause:
      'the queue holds embeddings of a network that has changed too much since: it begins too early or is too long',
    change: `set queueStartEpoch to a later epoch, or queueSize below ${queueSize}`,
    evidence({ lines }) {
      const start = lines.findIndex(({ queueUsed }) => queueUsed === 1);
      const [before, since] = [lines.slice(Math.max(0, start - STEPS), start), lines.slice(start)];
      if (start < STEPS || since.length < 2 * STEPS) return undefined;
      const [first, last] = [meanLoss(before), meanLoss(since.slice(-STEPS))];
      if (last < RISE * first) return undefined;
      return `the loss was ${first.toFixed(3)} before the queue came in at step ${lines[start]!.step}, and is ${last.toFixed(3)} now`;
    },
  };
}

function meanLoss(lines: readonly MetricLine[]): number {
  return lines.reduce((sum, { loss }) => sum + loss!, 0) / lines.length;
}
