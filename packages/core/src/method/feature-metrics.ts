import { ConfigError } from '../errors.ts';
import type { Tensor } from '../tensor/tf.ts';
import { featureStdOf } from './feature-std.ts';
import type { StepInput, StepMetrics } from './train-step.ts';
import type { Learner } from './update.ts';

/**
 * In the graph: what is logged of the features of a batch, and the update of the probe where there is one.
 * @param size images whose rows stand together, view after view. Default: all of the batch
 */
export function featureMetrics(
  { method, probe }: Pick<Learner, 'method' | 'probe'>,
  features: Tensor | undefined,
  { labels: [labels], fraction }: Pick<StepInput, 'labels' | 'fraction'>,
  size?: number,
): StepMetrics {
  const spread = features && { featureStd: featureStdOf(features) };
  if (!probe) return { ...spread };
  if (features && labels) return { ...spread, ...probe.step(features, labels, fraction, size) };
  throw new ConfigError(
    `pretrain probe: needs ${labels ? `the features of a step; ${method.name} shows none` : 'labels; the batch has none'}; leave probe out`,
  );
}
