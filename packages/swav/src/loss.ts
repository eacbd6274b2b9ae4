import { ConfigError, customGrad, nativeOps, ShapeError, type Tensor, tf } from '@ssl/core';

export interface SwAVLossOptions {
  /** τ, above 0. */
  readonly temperature: number;
}

/**
 * SwAV's swapped prediction (arXiv:2006.09882 eq. 2; main_swav.py): each view is to predict the prototypes that the other views of its image
 * were assigned to. The mean cross-entropy over all pairs of an assigned view and another one.
 * @param scores of each view, `[B, K]`, similarities of unit vectors with the prototypes; those that have assignments first
 * @param assignments of the first views, `[B, K]`, rows that sum to 1; they get no gradient
 * @returns scalar; ln K when predictions tell no prototype from another
 * @throws ShapeError when the tensors are not alike, or there are fewer than 2 views or no assignments
 * @throws ConfigError when the temperature is not above 0
 */
export function swavLoss(
  scores: readonly Tensor[],
  assignments: readonly Tensor[],
  { temperature }: SwAVLossOptions,
): Tensor {
  check(scores, assignments, temperature);
  const ofAll = tf.addN([...assignments]);
  const terms = scores.flatMap((view, i) => {
    const own = assignments[i];
    const others = assignments.length - (own ? 1 : 0);
    if (others === 0) return [];
    const target = (own ? ofAll.sub(own) : ofAll).div(others); //   [B, K]
    return [softCrossEntropy(view.div(temperature), target).mul(others)];
  });
  return tf.addN(terms).div(assignments.length * (scores.length - 1));
}

/** The mean cross-entropy of `[B, K]` logits with `[B, K]` targets whose rows sum to 1. The library works out values and gradients together. */
function softCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return customGrad([logits], x => {
    const attributes = { T: { dtype: 'float32' } } as const;
    const [losses, gradient] = nativeOps('SoftmaxCrossEntropyWithLogits', [x!, targets], attributes, 2);
    const rows = x!.shape[0]!;
    return { value: losses!.mean(), saved: [gradient!], gradient: (dy, [g]) => [g!.mul(dy.div(rows))] };
  });
}

function check(scores: readonly Tensor[], assignments: readonly Tensor[], temperature: number): void {
  const [first] = scores;
  const alike = [...scores, ...assignments].every(
    each => each.rank === 2 && each.size > 0 && each.shape.join() === first!.shape.join(),
  );
  if (scores.length < 2 || assignments.length === 0 || assignments.length > scores.length || !alike) {
    const shapes = (tensors: readonly Tensor[]): string => tensors.map(each => `[${each.shape}]`).join(', ') || 'none';
    throw new ShapeError(
      `swavLoss: scores must be two or more [B, K], assignments one or more of the same shape, and no more of them; got ${shapes(scores)} and ${shapes(assignments)}`,
    );
  }
  if (!(temperature > 0)) {
    throw new ConfigError(`swavLoss: temperature must be above 0; got ${temperature}; 0.1 is usual`);
  }
}
