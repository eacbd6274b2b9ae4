/** How runs of NNCLR fail: told from the loss and from what the step logs. */
import { lossStuckAt, rankFalls, recent, type Signature, staysBelow } from '@ssl/core';

/** Steps over which a failure must last. */
const STEPS = 30;
/** Distinct neighbours as a share of the batch. */
const FEW = 0.1;
/** Share of neighbours that are the image's own earlier projection. A set of half of the pictures has it for an eighth of them at most. */
const OWN = 0.2;

export function signaturesOf(queueSize: number): Signature[] {
  return [
    lossStuckAt(batchSize => Math.log(batchSize), {
      label: 'ln B',
      tolerance: 0.003,
      cause: 'no prediction is told from another: the temperature is too high, or all projections have become alike',
      change: 'set temperature to 0.1',
    }),
    rankFalls({
      cause:
        'the features shrink to few dimensions while the loss is satisfied with them; most often the weight decay is too large',
      change: 'set weightDecay to 0.0005 or less',
    }),
    staysBelow('distinctNeighbours', FEW, {
      name: 'few-neighbours',
      cause:
        'most images have the same few rows of the support set as neighbours: projections have too few dimensions, or are all alike',
      change: 'set projectionDim to 256',
    }),
    ownNeighbours(queueSize),
  ];
}

/** The method is then SimCLR with an older copy of the same picture. */
function ownNeighbours(queueSize: number): Signature {
  return {
    name: 'own-neighbours',
    cause:
      'the support set holds most pictures, and the nearest neighbour of a picture is often its own earlier projection',
    change: `set queueSize to less than half of the pictures; it is ${queueSize}`,
    evidence({ lines }) {
      const shares = recent(lines, 'ownNeighbours', STEPS);
      const mean = shares.reduce((sum, share) => sum + share, 0) / STEPS;
      if (shares.length < STEPS || mean < OWN) return undefined;
      return `${(100 * mean).toFixed(0)} % of the nearest neighbours of the last ${STEPS} steps were the picture itself`;
    },
  };
}
