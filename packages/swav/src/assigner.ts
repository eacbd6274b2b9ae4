import { type Members, matMul, queue, type Rng, stepContext, type Tensor, tf } from '@ssl/core';
import { variable } from '@ssl/core/nn';
import { ASSIGNED_VIEWS, type SwAVConfig } from './config.ts';
import { sinkhorn } from './sinkhorn.ts';

/** Assigns the images of a batch, together with those of the queue. */
export interface Assigner {
  /** The queue, where there is one: `keys` `[size, 2P]`, the embeddings of both views, `pointer`, and `filled`, rows since it began. */
  readonly members: Members;
  /**
   * In the graph; the embeddings go into the queue.
   * @param embeddings of the assigned views, `[B, P]`, unit vectors
   * @param scores of the same, `[B, K]`
   * @param prototypes `[P, K]` that gave the scores
   * @param epoch scalar
   */
  assign(
    embeddings: readonly Tensor[],
    scores: readonly Tensor[],
    prototypes: Tensor,
    epoch: Tensor,
  ): { readonly assignments: Tensor[]; readonly queueUsed: Tensor };
}

export function assigner(config: SwAVConfig, { rng }: { readonly rng: Rng }): Assigner {
  const { epsilon, iterations, queueSize, queueStartEpoch, projectionDim } = config;
  if (queueSize === 0) {
    const assign: Assigner['assign'] = (_, scores) => ({
      assignments: scores.map(each => sinkhorn(each, { epsilon, iterations })),
      queueUsed: tf.scalar(0),
    });
    return { members: {}, assign };
  }
  const earlier = queue(queueSize, ASSIGNED_VIEWS * projectionDim, { rng });
  const filled = variable(() => tf.scalar(0), { kind: 'buffer' });
  const assign: Assigner['assign'] = (embeddings, scores, prototypes, epoch) => {
    const queueUsed = tf.cast(filled.read().greaterEqual(queueSize), 'float32');
    const rows = tf.split(earlier.read(), ASSIGNED_VIEWS, 1); //    [size, P] each
    const assignments = scores.map((each, i) =>
      sinkhorn(each, { epsilon, iterations, queue: matMul(rows[i]!, prototypes), queueUsed }),
    );
    const newest = stepContext().world.gather(tf.concat([...embeddings], 1)); // [B · ranks, 2P]
    earlier.enqueue(newest);
    // Rows from before the first epoch of the queue do not count: main_swav.py fills it from there.
    const count = tf.minimum(filled.read().add(newest.shape[0]!), queueSize);
    filled.assign(tf.where(epoch.greaterEqual(queueStartEpoch), count, tf.zerosLike(count)));
    return { assignments, queueUsed };
  };
  const { keys, pointer } = earlier.members;
  return { members: { queue: keys!, queuePointer: pointer!, queueFilled: filled }, assign };
}
