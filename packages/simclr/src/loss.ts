import { ConfigError, l2Normalize, matMul, ShapeError, softmaxCrossEntropy, type Tensor, tf } from '@ssl/core';

export interface NTXentOptions {
  /** Above 0. Lower weighs the hardest negatives more. */
  readonly temperature: number;
}

/** Low enough that its exponential is 0, and finite: −∞ would make the gradient NaN. */
const EXCLUDED = -1e9;

/**
 * NT-Xent (arXiv:2002.05709 eq. 1): each row has to pick the other view of its image out of all other rows.
 * @param z `[2B, P]`, all first views and then all second ones, of any length: rows are normalised here
 * @returns scalar, the mean over rows; ln(2B − 1) when all rows point one way
 * @throws ShapeError when the rows are no two views of at least two images
 * @throws ConfigError when the temperature is not above 0
 */
export function ntXent(z: Tensor, { temperature }: NTXentOptions): Tensor {
  const rows = z.shape[0] ?? 0;
  if (z.rank !== 2 || rows % 2 !== 0 || rows < 4) {
    throw new ShapeError(`ntXent: z must be two views stacked, [2B, P] with B at least 2; got [${z.shape}]`);
  }
  if (!(temperature > 0)) throw new ConfigError(`ntXent: temperature must be above 0; got ${temperature}`);
  const unit = l2Normalize(z); //                                                      [2B, P]
  const similarities = matMul(unit, unit, false, true).div(temperature); //            [2B, 2B]
  const index = tf.range(0, rows, 1, 'int32');
  const itself = tf.equal(index.expandDims(0), index.expandDims(1));
  const candidates = tf.where(itself, tf.scalar(EXCLUDED), similarities);
  const otherView = tf.tensor1d(
    Array.from({ length: rows }, (_, i) => (i + rows / 2) % rows),
    'int32',
  );
  return softmaxCrossEntropy(candidates, otherView);
}
