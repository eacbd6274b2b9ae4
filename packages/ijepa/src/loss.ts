import { ConfigError, ShapeError, type Tensor, tf } from '@ssl/core';

/** PyTorch's own of a layer norm without weights, which `train.py`, `forward_target` uses. */
const EPSILON = 1e-5;

/** Tokens of mean 0 and deviation 1, each over its own D numbers. `[…, D]` → `[…, D]` */
export function normalizeTokens(tokens: Tensor): Tensor {
  const centred = tokens.sub(tokens.mean(-1, true));
  return centred.mul(centred.square().mean(-1, true).add(EPSILON).rsqrt());
}

export interface IJEPALossOptions {
  /** `smooth-l1`: half the square of differences up to 1, beyond it the difference less a half. `mse`: the square. */
  readonly loss: 'smooth-l1' | 'mse';
}

/**
 * I-JEPA's loss: how far predicted tokens are from the teacher's (facebookresearch/ijepa `src/train.py`, `loss_fn`; arXiv:2301.08243 §3 for
 * `mse`), averaged over everything.
 * @param predictions `[B, M, D]`
 * @param targets `[B, M, D]`, from {@link normalizeTokens}
 * @returns scalar; of two unrelated tokens about 0.8 with `smooth-l1` and 2 with `mse`
 * @throws ShapeError when the two are not alike, ConfigError for another loss
 */
export function ijepaLoss(predictions: Tensor, targets: Tensor, { loss }: IJEPALossOptions): Tensor {
  if (predictions.rank !== 3 || predictions.size === 0 || predictions.shape.join() !== targets.shape.join()) {
    throw new ShapeError(
      `ijepaLoss: predictions and targets must both be [B, M, D]; got [${predictions.shape}] and [${targets.shape}]`,
    );
  }
  const difference = predictions.sub(targets);
  if (loss === 'mse') return difference.square().mean();
  if (loss !== 'smooth-l1')
    throw new ConfigError(`ijepa: loss must be 'smooth-l1' or 'mse'; got '${loss as string}'; choose one`);
  const size = difference.abs();
  const inner = tf.minimum(size, 1); // ½·inner² + (size − inner): both branches without a choice between them
  return inner.square().mul(0.5).add(size.sub(inner)).mean();
}
