/** How runs of DeepCluster v2 fail: told from the loss and from the sizes of the clusters. */
import { lossStuckAt, rankFalls, recent, type Signature } from '@ssl/core';
import type { DeepClusterConfig } from './config.ts';

/** Steps over which a failure must last. */
const STEPS = 30;
/** Share of the images in one cluster. */
const MOST = 0.5;

export function signaturesOf({ clusters }: DeepClusterConfig): Signature[] {
  const logs = clusters.map(K => Math.log(K));
  return [
    {
      name: 'one-cluster',
      cause:
        'the projections of most images have become one: the weight decay leaves no weights, or the learning rate is too high',
      change: 'set weightDecay to 0.000001',
      evidence({ lines }) {
        const shares = recent(lines, 'largestCluster', STEPS);
        if (shares.length < STEPS || Math.min(...shares) < MOST) return undefined;
        return `one cluster holds ${(100 * shares.at(-1)!).toFixed(0)} % of the images, and more than half of them for ${STEPS} steps`;
      },
    },
    lossStuckAt(() => logs.reduce((sum, log) => sum + log, 0) / logs.length, {
      label: clusters.every(K => K === clusters[0]) ? `ln ${clusters[0]}` : 'the mean of ln K',
      tolerance: 0.003,
      cause: 'no cluster is told from another: the temperature is too high, or the projections have become noise',
      change: 'set temperature to 0.1',
    }),
    rankFalls({
      cause:
        'the features shrink to few dimensions while the loss is satisfied with them; most often the weight decay is too large',
      change: 'set weightDecay to 0.000001',
    }),
  ];
}
