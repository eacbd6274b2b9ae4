import { ConfigError, ShapeError, type Tensor, tf } from '@ssl/core';

/** Added to the variance of a patch before the root (`models_mae.py`, `forward_loss`). */
const EPSILON = 1e-6;

/**
 * Pictures as patches, row by row; the numbers of a patch row by row too, colours last (`models_mae.py`, `patchify`).
 * @param images `[B, H, W, C]`
 * @returns `[B, N, P·P·C]`
 * @throws ShapeError when the patch size does not divide H and W
 */
export function patchify(images: Tensor, patchSize: number): Tensor {
  const [B, H, W, C] = images.shape as [number, number, number, number];
  if (images.rank !== 4 || !(patchSize >= 1) || H % patchSize !== 0 || W % patchSize !== 0) {
    throw new ShapeError(
      `patchify: takes [B, H, W, C] with H and W multiples of the patch size ${patchSize}; got [${images.shape}]`,
    );
  }
  const [rows, columns, P] = [H / patchSize, W / patchSize, patchSize];
  const cut = tf.transpose(images.reshape([B * rows, P, columns, P * C]), [0, 2, 1, 3]);
  return cut.reshape([B, rows * columns, P * P * C]);
}

/**
 * The way back from {@link patchify}.
 * @param patches `[B, rows · columns, P·P·C]`
 * @returns `[B, H, W, C]`
 * @throws ShapeError when the patches do not make such a picture
 */
export function unpatchify(
  patches: Tensor,
  { grid: [rows, columns], patchSize: P }: { readonly grid: readonly [number, number]; readonly patchSize: number },
): Tensor {
  const [B, N, size] = patches.shape as [number, number, number];
  const C = size / (P * P);
  if (patches.rank !== 3 || N !== rows * columns || !Number.isInteger(C)) {
    throw new ShapeError(
      `unpatchify: takes [B, ${rows * columns}, C · ${P * P}] for ${rows} x ${columns} patches of ${P}; got [${patches.shape}]`,
    );
  }
  const sewn = tf.transpose(patches.reshape([B * rows, columns, P, P * C]), [0, 2, 1, 3]);
  return sewn.reshape([B, rows * P, columns * P, C]);
}

export interface PatchStatistics {
  /** `[…, 1]` */
  readonly mean: Tensor;
  /** `[…, 1]`, the root of the variance (of n − 1, as in PyTorch) and 1e-6. */
  readonly deviation: Tensor;
}

/** Mean and deviation of each patch. @param patches `[…, P·P·C]` */
export function patchStatistics(patches: Tensor): PatchStatistics {
  const mean = patches.mean(-1, true);
  const freedom = Math.max(1, patches.shape.at(-1)! - 1);
  const variance = patches.sub(mean).square().sum(-1, true).div(freedom);
  return { mean, deviation: variance.add(EPSILON).sqrt() };
}

/** Each patch with mean 0 and deviation 1; one of a single colour is 0. `[…, P·P·C]` → `[…, P·P·C]` */
export function normalizePatches(patches: Tensor): Tensor {
  const { mean, deviation } = patchStatistics(patches);
  return patches.sub(mean).div(deviation);
}

/**
 * MAE's loss (arXiv:2111.06377 §3; `models_mae.py`, `forward_loss`): the mean squared error over the patches that were hidden. About 1 where
 * the targets are normalised and nothing is known of them.
 * @param predictions `[B, M, P·P·C]`, of the hidden patches alone
 * @param targets `[B, M, P·P·C]`: the patches, or {@link normalizePatches} of them
 * @returns scalar
 * @throws ShapeError when the two are not alike
 */
export function maeLoss(predictions: Tensor, targets: Tensor): Tensor {
  if (predictions.rank !== 3 || predictions.size === 0 || predictions.shape.join() !== targets.shape.join()) {
    throw new ShapeError(
      `maeLoss: predictions and targets must both be [B, M, P·P·C], of the hidden patches; got [${predictions.shape}] and [${targets.shape}]`,
    );
  }
  return predictions.sub(targets).square().mean();
}

/** How many patches stay visible. @throws ConfigError when none would, or none be hidden */
export function visiblePatches(patches: number, maskRatio: number): number {
  const visible = Math.floor(patches * (1 - maskRatio));
  if (visible >= 1 && visible < patches) return visible;
  const [way, left] = visible < 1 ? ['lower', 'see'] : ['raise', 'guess'];
  throw new ConfigError(
    `mae: maskRatio must leave a patch to see and one to guess; got ${maskRatio} of ${patches} patches, which leaves none to ${left}; ${way} it, or take smaller patches`,
  );
}
