/** How runs of MoCo fail: told from the loss and from what the step logs. */
import { lossStuckAt, rankFalls, recent, type Signature, staysBelow } from '@ssl/core';
import type { MoCoConfig } from './config.ts';

/** Steps over which a failure must last. */
const STEPS = 30;
/** Share of the loss: with ten thousands of keys it is near ln(K + 1) for a while in sound runs too. */
const STUCK = 0.003;
/** Spread of unit rows, 1 on the whole sphere: below it they all point one way. */
const ALIKE = 0.05;
/** Relative distance of two sets of weights that no longer differ. */
const SAME = 1e-6;

export function signaturesOf(config: MoCoConfig): Signature[] {
  return [
    stuck(config),
    rankFalls({
      cause:
        'the features shrink to few dimensions while the loss is satisfied with them; most often the weight decay is too large',
      change: 'set weightDecay to 0.0005 or less',
    }),
    keysEqualQueries,
    ...(config.momentumSchedule === 'constant' || config.momentum === 1 ? [keysStill] : []),
    ...(config.queueSize > 0 ? [queueAlike, queueLongerThanData(config.queueSize)] : []),
  ];
}

function stuck({ queueSize, temperature, symmetric }: MoCoConfig): Signature {
  const sides = symmetric ? 2 : 1;
  const value = (batchSize: number): number =>
    queueSize > 0 ? sides * Math.log(queueSize + 1) : sides * 2 * temperature * Math.log(batchSize);
  const times = sides === 2 ? '2·' : '';
  return lossStuckAt(value, {
    label: queueSize > 0 ? `${times}ln(K + 1)` : `${times}2τ·ln B`,
    tolerance: STUCK,
    cause: 'queries tell no key from another: the temperature is too high, or all features have become alike',
    change: 'set temperature to 0.2',
  });
}

const queueAlike: Signature = staysBelow('queueStd', ALIKE, {
  name: 'queue-alike',
  cause:
    'the keys in the queue all point one way: the key encoder has collapsed, and there is nothing to tell a query from',
  change: 'divide learningRate by 10',
});

const keysEqualQueries: Signature = {
  name: 'keys-equal-queries',
  cause:
    'the key encoder is a copy of the query encoder: keys of earlier steps come from quite other weights than those of this one',
  change: 'set momentum to 0.99 or more',
  evidence({ lines }) {
    const distances = recent(lines, 'keyDistance', STEPS);
    if (distances.length < STEPS || distances.some(distance => distance > SAME)) return undefined;
    return `keyDistance, between the heads of both encoders, has been 0 for ${STEPS} steps`;
  },
};

const keysStill: Signature = {
  name: 'keys-still',
  cause: 'the key encoder never follows the query encoder: keys stay those of random weights',
  change: 'set momentum to 0.999',
  evidence({ lines }) {
    const [distances, momenta] = [recent(lines, 'keyDistance', STEPS), recent(lines, 'keyMomentum', STEPS)];
    if (momenta.length < STEPS || momenta.some(momentum => momentum < 1) || distances.some(x => x <= SAME))
      return undefined;
    return `keyMomentum has been 1 for ${STEPS} steps, while keyDistance has grown to ${distances.at(-1)!.toPrecision(3)}`;
  },
};

/** Each picture's own earlier key is then among its negatives in half of all steps or more; in all from twice the pictures on. */
function queueLongerThanData(queueSize: number): Signature {
  return {
    name: 'queue-longer-than-data',
    cause:
      'the queue holds about every picture, and so for most queries an earlier key of their own picture as a negative',
    change: 'set queueSize to less than half of the pictures',
    evidence({ lines, batchSize }) {
      const first = lines.find(({ epoch, rankMe }) => epoch === 1 && rankMe !== undefined);
      const pictures = first?.step === undefined ? Number.POSITIVE_INFINITY : first.step * batchSize;
      return queueSize < pictures ? undefined : `the queue has ${queueSize} keys, an epoch ${pictures} pictures`;
    },
  };
}
