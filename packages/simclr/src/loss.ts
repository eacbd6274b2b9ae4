import {
  ConfigError,
  l2Normalize,
  logSumExpSimilarities,
  ownColumns,
  ShapeError,
  softmax,
  stepContext,
  stopGradient,
  type Tensor,
  tf,
} from '@ssl/core';

export interface NTXentOptions {
  /** Above 0. Lower weighs the hardest negatives more. */
  readonly temperature: number;
}

export interface DCLWOptions extends NTXentOptions {
  /** Above 0. Lower weighs the positives that agree least more. */
  readonly sigma: number;
}

/**
 * NT-Xent (arXiv:2002.05709 eq. 1): each row has to pick the other view of its image out of all other rows, of every rank. Memory grows
 * with B, not B².
 * @param z `[2B, P]`, all first views and then all second ones, of any length: rows are normalised here
 * @returns scalar, the mean over rows; ln(2B − 1) when all rows point one way
 * @throws ShapeError when the rows are no two views of at least two images
 * @throws ConfigError when the temperature is not above 0
 */
export function ntXent(z: Tensor, { temperature }: NTXentOptions): Tensor {
  const unit = unitRows('ntXent', z, { temperature });
  const positives = agreement(unit).div(temperature); //                                      [B]
  // ln(e^p + Σ e^n) − p as a function of the difference: as exact near 0, where p all but cancels, as anywhere.
  return tf.softplus(negatives(unit, temperature).sub(positives.tile([2]))).mean();
}

/**
 * Decoupled contrastive loss (arXiv:2110.06848 eq. 6): NT-Xent whose denominator leaves out the other view too, so that a pair which agrees
 * already does not weaken the negatives. Both views' negatives count, of both views of the other images.
 * @param z `[2B, P]`, as for `ntXent`
 * @returns scalar, the mean over rows; ln(2B − 2) when all rows point one way, below 0 once pairs agree better than others
 * @throws ShapeError, ConfigError as `ntXent` does
 */
export function dcl(z: Tensor, { temperature }: NTXentOptions): Tensor {
  const unit = unitRows('dcl', z, { temperature });
  return negatives(unit, temperature).mean().sub(agreement(unit).div(temperature).mean());
}

/**
 * `dcl` with positives weighed by 2 − exp(s/σ) / mean exp(s/σ), where s is the cosine of a pair: those that agree least count most
 * (negative von Mises-Fisher weights). The weights have no gradient.
 * @param z `[2B, P]`, as for `ntXent`
 * @returns scalar, the mean over rows; that of `dcl` when all pairs agree alike
 * @throws ShapeError, ConfigError as `ntXent` does, and for a sigma that is not above 0
 */
export function dclw(z: Tensor, { temperature, sigma }: DCLWOptions): Tensor {
  const unit = unitRows('dclw', z, { temperature, sigma });
  const positives = agreement(unit); //                                                       [B]
  const { world } = stepContext();
  const all = world.gather(stopGradient(positives)); //                                       [B] of every rank
  const shares = softmax(all.div(sigma).expandDims(0)).reshape(all.shape);
  const own = tf.slice(shares, world.rank * positives.shape[0]!, positives.shape[0]!);
  const weights = own.mul(-all.shape[0]!).add(2); //                                          [B], mean 1 over all ranks
  return negatives(unit, temperature).mean().sub(positives.mul(weights).div(temperature).mean());
}

/** The log-sum-exp of each row's similarities to the views of other images, those of other ranks too. `[2B]` */
function negatives(unit: Tensor, temperature: number): Tensor {
  const rows = unit.shape[0]!;
  const { world } = stepContext();
  if (world.size === 1) {
    return logSumExpSimilarities(unit, unit, { temperature, exclude: ownColumns(rows, { partner: true }) });
  }
  // A rank's rows as columns of all ranks: all first views, then all second ones, each in the order of ranks.
  const columns = tf.concat(tf.split(unit, 2).map(view => world.gather(view))); //              [2·size·B, P]
  const column = (row: number): number =>
    row < rows / 2 ? world.rank * (rows / 2) + row : (world.size + world.rank - 1) * (rows / 2) + row;
  const own = Array.from({ length: rows }, (_, row) => [column(row), column((row + rows / 2) % rows)]);
  return logSumExpSimilarities(unit, columns, { temperature, exclude: tf.tensor2d(own, [rows, 2], 'int32') });
}

/** The cosine of each pair. `[B]` */
function agreement(unit: Tensor): Tensor {
  const pairs = unit.shape[0]! / 2;
  return unit
    .slice([0, 0], [pairs, -1])
    .mul(unit.slice([pairs, 0], [pairs, -1]))
    .sum(1);
}

/** The rows at length 1, `[2B, P]`, when all is as it must be. */
function unitRows(who: string, z: Tensor, settings: Readonly<Record<string, number>>): Tensor {
  const rows = z.shape[0] ?? 0;
  if (z.rank !== 2 || rows % 2 !== 0 || rows < 4) {
    throw new ShapeError(`${who}: z must be two views stacked, [2B, P] with B at least 2; got [${z.shape}]`);
  }
  for (const [name, value] of Object.entries(settings)) {
    if (!(value > 0)) throw new ConfigError(`${who}: ${name} must be above 0; got ${value}`);
  }
  return l2Normalize(z);
}
