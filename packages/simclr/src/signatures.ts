/** How runs of SimCLR fail: told from the loss and from the spread and rank of the features. */
import { lossStuckAt, rankFalls, type Signature, staysBelow } from '@ssl/core';
import type { SimCLRConfig } from './config.ts';

/** Spread of features that all point one way; after a ReLU sound ones stay above .3. */
const ALIKE = 0.05;

export function signaturesOf({ loss, temperature }: Pick<SimCLRConfig, 'loss' | 'temperature'>): Signature[] {
  const coupled = loss === 'ntxent';
  const stuck = lossStuckAt(B => Math.log(coupled ? 2 * B - 1 : 2 * B - 2), {
    label: coupled ? 'ln(2B − 1)' : 'ln(2B − 2)',
    cause: `at temperature ${temperature} all candidates count alike, or the features say nothing of the image`,
    change: 'set temperature to 0.5 or less; if it is, divide learningRate by 10',
  });
  return [
    stuck,
    staysBelow('featureStd', ALIKE, {
      cause:
        'the features of all images are one: the images are copies of each other (see views.png), or the steps were too large to keep them apart',
      change: 'divide learningRate by 10, when the images differ',
    }),
    rankFalls({
      cause: 'the features shrink to few dimensions while the loss is satisfied with them',
      change: 'divide learningRate by 3',
    }),
  ];
}
