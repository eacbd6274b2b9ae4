/** A linear classifier that is trained beside a method, on what its backbone gives, and that the method knows nothing of. */
import { ConfigError, ShapeError } from '../errors.ts';
import { variable } from '../nn/layers.ts';
import { disposeMembers, type Members, stateOf } from '../nn/module.ts';
import { matMul } from '../ops/linear.ts';
import { linearCrossEntropy } from '../ops/linear-classifier.ts';
import { sgd } from '../optim/index.ts';
import { requireNotNegative } from '../optim/options.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import type { Variable } from '../tensor/variable.ts';
import { configure } from './configure.ts';

export interface OnlineProbeSettings {
  /** At the first step; a cosine down to 0 follows, as the method's own. Above 0. Default 0.1, the rate of MAE's probe (`main_linprobe.py`). */
  readonly learningRate: number;
  /** Of the weight, 0 or above. Default 0, as in MoCo, SimSiam, DINO and MAE. */
  readonly weightDecay: number;
}

export interface OnlineProbe {
  /** All that a checkpoint must hold: `weight`, `bias`, `optimizer.…`. */
  readonly state: ReadonlyMap<string, Variable>;
  /**
   * In the graph: one update on these features. Nothing flows back into them.
   * @param features `[N, D]`, N a whole multiple of B: of the first `size` images view after view, then of the next
   * @param labels `[B]` int32, −1 for none
   * @param fraction scalar, how much of the run is over
   * @param size default B
   * @returns `probeLoss` and `probeAccuracy` (0 to 1) on the rows that have labels, before the update; 0 where none has.
   */
  step(
    features: Tensor,
    labels: Tensor,
    fraction: Tensor,
    size?: number,
  ): { readonly probeLoss: Tensor; readonly probeAccuracy: Tensor };
  dispose(): void;
}

export const ONLINE_PROBE: OnlineProbeSettings = { learningRate: 0.1, weightDecay: 0 };

/** Added to the variances, as a share of their mean, and so that features which are all the same do not divide by 0. */
const EPSILON = [1e-6, 1e-30] as const;

/** The settings with defaults. Throws `ConfigError` for one that does not exist or is out of range. */
export function onlineProbeSettings(settings: Partial<OnlineProbeSettings>): OnlineProbeSettings {
  const who = 'pretrain probe';
  const all = configure(who, ONLINE_PROBE, { ...settings });
  requireNotNegative(who, 'weightDecay', all.weightDecay);
  if (all.learningRate > 0) return all;
  throw new ConfigError(`${who}: learningRate must be above 0; got ${all.learningRate}`);
}

/**
 * A probe from zeros, with SGD and momentum .9. Features are standardised by the batch, as by the batch norm without affine parameters of MAE's
 * probe, since their scale drifts while the backbone learns.
 */
export function onlineProbe({
  dim,
  classes,
  learningRate,
  weightDecay,
}: OnlineProbeSettings & { readonly dim: number; readonly classes: number }): OnlineProbe {
  const weight = variable(() => tf.zeros([dim, classes]), { torchAxes: [1, 0] });
  const bias = variable(() => tf.zeros([classes]), {});
  const members: Members = { weight, bias };
  const own = stateOf(members);
  const optimizer = sgd()([...own.values()]);
  const moments = [...stateOf(optimizer.state)].map(([name, moment]) => [`optimizer.${name}`, moment] as const);
  const step: OnlineProbe['step'] = (features, labels, fraction, size = labels.shape[0]!) => {
    const x = standardized(checkedFeatures(features, dim));
    const each = rowLabels(labels, features.shape[0]!, size); //           [N]
    const known = tf.cast(each.greaterEqual(0), 'float32');
    const share = known.div(known.sum().maximum(1)); //              [N], sums to 1
    const read = { weight: weight.read(), bias: bias.read() };
    const { losses, logits, gradient } = linearCrossEntropy(x, each.maximum(tf.scalar(0, 'int32')), read);
    const right = tf.cast(tf.equal(tf.argMax(logits, 1), each), 'float32'); // −1 is nobody's answer
    const pull = gradient.mul(share.expandDims(1)); //               [N, K]
    const rate = tf
      .cos(fraction.mul(Math.PI))
      .add(1)
      .mul(learningRate / 2);
    const hyper = { learningRate: rate, weightDecay: tf.scalar(weightDecay), step: tf.scalar(1) };
    optimizer.apply([matMul(x, pull, true), pull.sum(0)], hyper);
    return { probeLoss: losses.reshape([-1]).mul(share).sum(), probeAccuracy: right.mul(share).sum() };
  };
  const dispose = (): void => {
    disposeMembers(members);
    disposeMembers(optimizer.state);
  };
  return { state: new Map([...own, ...moments]), step, dispose };
}

function standardized(x: Tensor): Tensor {
  const centred = x.sub(x.mean(0));
  const variance = centred.square().mean(0);
  return centred.div(tf.sqrt(variance.add(variance.mean().mul(EPSILON[0])).add(EPSILON[1])));
}

function checkedFeatures(features: Tensor, dim: number): Tensor {
  if (features.rank === 2 && features.shape[1] === dim) return features;
  throw new ShapeError(
    `pretrain probe: the step's features must be those of the backbone, [N, ${dim}]; got [${features.shape}]; leave probe out`,
  );
}

/** The labels once for each row. `[B]` → `[N]` */
function rowLabels(labels: Tensor, rows: number, size: number): Tensor {
  const images = labels.shape[0]!;
  if (rows % images === 0)
    return labels
      .reshape([images / size, size])
      .tile([1, rows / images])
      .reshape([rows]);
  throw new ShapeError(
    `pretrain probe: the step's features must have as many rows for each image; got ${rows} for ${images} images; leave probe out`,
  );
}
