import { ConfigError, customGrad, matMul, ShapeError, stepContext, type Tensor } from '@ssl/core';
import type { VICRegConfig } from './config.ts';

export type VICRegLossOptions = Pick<
  VICRegConfig,
  'invarianceWeight' | 'varianceWeight' | 'covarianceWeight' | 'gamma' | 'epsilon'
>;

/** The loss and its terms before they are weighted, scalars. */
export interface VICRegTerms {
  /** `λ · invariance + μ · variance + ν · covariance` */
  readonly loss: Tensor;
  /** The mean of (za − zb)² over images and dimensions. */
  readonly invariance: Tensor;
  /** What deviations lack of γ, in the mean over dimensions and views: γ (nearly) when all projections are one, 0 when none lacks anything. */
  readonly variance: Tensor;
  /** Σ C_ij² / P over i ≠ j, of both views together, with C the covariances between dimensions. */
  readonly covariance: Tensor;
  /** The mean deviation of a dimension. */
  readonly std: Tensor;
}

/**
 * The loss of VICReg (arXiv:2105.04906 eq. 6, as the official code has it): the views' projections are to be alike, each dimension's deviation
 * over the batch at least γ, and the dimensions uncorrelated. Variances and covariances are those of all ranks' rows together.
 * @param za `[N, P]`, the first view's projections, taken as they are
 * @param zb `[N, P]`, those of the second
 * @returns scalar; μ·(γ − √ε) when all projections are one
 * @throws ShapeError when the two differ in shape, or there are fewer than two rows
 * @throws ConfigError when a weight is negative, or γ or ε not above 0
 */
export function vicregLoss(za: Tensor, zb: Tensor, options: VICRegLossOptions): Tensor {
  return vicregTerms(za, zb, options).loss;
}

/** `vicregLoss` and its terms. */
export function vicregTerms(za: Tensor, zb: Tensor, options: VICRegLossOptions): VICRegTerms {
  check(za, zb, options);
  const { world } = stepContext();
  const invariance = za.sub(zb).square().mean(); // of this rank's images: ranks' losses are averaged
  const [a, b] = [za, zb].map(z => spread(world.gather(z), options)) as [Spread, Spread];
  const variance = a.lacking.add(b.lacking).div(2);
  const covariance = a.covariance.add(b.covariance);
  const weighted = [
    invariance.mul(options.invarianceWeight),
    variance.mul(options.varianceWeight),
    covariance.mul(options.covarianceWeight),
  ] as const;
  const loss = weighted[0].add(weighted[1]).add(weighted[2]);
  return { loss, invariance, variance, covariance, std: a.std.add(b.std).div(2) };
}

interface Spread {
  readonly lacking: Tensor;
  readonly covariance: Tensor;
  readonly std: Tensor;
}

/** @param z `[N, P]`, one view of all images */
function spread(z: Tensor, { gamma, epsilon }: VICRegLossOptions): Spread {
  const [N, P] = z.shape as [number, number];
  const centred = z.sub(z.mean(0));
  const variances = centred
    .square()
    .sum(0)
    .div(N - 1); //                      [P]
  const std = variances.add(epsilon).sqrt();
  const all = squaredProducts(centred).div((N - 1) ** 2);
  return {
    lacking: std.mul(-1).add(gamma).relu().mean(),
    covariance: all.sub(variances.square().sum()).div(P),
    std: std.mean(),
  };
}

/**
 * ‖xᵀx‖², the sum of squares of all `[P, P]` sums of products. Where there are fewer rows than dimensions that matrix, 256 MiB for the P of the
 * paper, is never made: ‖xᵀx‖² = ‖xxᵀ‖², and xxᵀ is `[N, N]`.
 */
function squaredProducts(x: Tensor): Tensor {
  const byRows = x.shape[0]! < x.shape[1]!;
  return customGrad([x], z => {
    const products = matMul(z!, z!, !byRows, byRows);
    const gradient = (dy: Tensor, [z, products]: Tensor[]) => {
      const weighted = products!.mul(dy.mul(4));
      return [() => (byRows ? matMul(weighted, z!) : matMul(z!, weighted))];
    };
    return { value: products.square().sum(), saved: [z!, products], gradient };
  });
}

function check(za: Tensor, zb: Tensor, { gamma, epsilon, ...weights }: VICRegLossOptions): void {
  const same = za.rank === 2 && zb.rank === 2 && za.shape.join() === zb.shape.join();
  if (!same || za.shape[0]! * stepContext().world.size < 2 || za.shape[1]! < 1) {
    throw new ShapeError(
      `vicregLoss: za and zb must be [N, P] alike, N at least 2; got [${za.shape}] and [${zb.shape}]`,
    );
  }
  const { invarianceWeight, varianceWeight, covarianceWeight } = weights;
  for (const [name, value] of Object.entries({ invarianceWeight, varianceWeight, covarianceWeight })) {
    if (!(value >= 0)) throw new ConfigError(`vicregLoss: ${name} must be 0 or above; got ${value}`);
  }
  for (const [name, value] of Object.entries({ gamma, epsilon })) {
    if (!(value > 0)) throw new ConfigError(`vicregLoss: ${name} must be above 0; got ${value}`);
  }
}
