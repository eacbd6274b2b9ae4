import {
  ConfigError,
  customGrad,
  customGradOfMany,
  matMul,
  nativeOp,
  ShapeError,
  stepContext,
  stopGradient,
  type Tensor,
  tf,
} from '@ssl/core';

export interface BarlowTwinsLossOptions {
  /** λ, 0 or above. */
  readonly lambda: number;
}

/** The loss and what it is made of, scalars. `C` is the cross-correlation of the two views over the batch, `[P, P]`. */
export interface BarlowTwinsTerms {
  /** `invariance + λ · redundancy` */
  readonly loss: Tensor;
  /** Σ (1 − C_ii)²: 0 when the views agree, P when they have nothing in common. */
  readonly invariance: Tensor;
  /** Σ C_ij² over i ≠ j: 0 when the dimensions are uncorrelated. With N images it is at least about P² / N − P. */
  readonly redundancy: Tensor;
  /** The mean of C_ii, in [−1, 1]. */
  readonly diagonal: Tensor;
  /** The root mean square of C_ij, i ≠ j, in [0, 1]. */
  readonly offDiagonal: Tensor;
}

/** Added to the variances: that of `nn.BatchNorm1d`, with which the official code normalises (`main.py`). */
const EPSILON = 1e-5;

const FLOAT = { T: { dtype: 'float32' } } as const;

/**
 * The loss of Barlow Twins (arXiv:2103.03230 eq. 1): the cross-correlation of two views is to be the identity. Means, variances and
 * correlations are those of all ranks' rows together.
 * @param za `[N, P]`, the first view's projections; they are normalised here
 * @param zb `[N, P]`, those of the second
 * @returns scalar; P when each dimension is constant, whatever λ is
 * @throws ShapeError when the two differ in shape, or there are fewer than two rows
 * @throws ConfigError when λ is negative
 */
export function barlowTwinsLoss(za: Tensor, zb: Tensor, options: BarlowTwinsLossOptions): Tensor {
  return barlowTwinsTerms(za, zb, options).loss;
}

/** `barlowTwinsLoss` and its terms. */
export function barlowTwinsTerms(za: Tensor, zb: Tensor, { lambda }: BarlowTwinsLossOptions): BarlowTwinsTerms {
  check(za, zb, lambda);
  const P = za.shape[1]!;
  const { diagonal: own, squares } = correlations(centred(za), centred(zb));
  const invariance = own.sub(1).square().sum();
  const redundancy = squares.sub(own.square().sum());
  return {
    loss: invariance.add(redundancy.mul(lambda)),
    invariance,
    redundancy,
    diagonal: own.mean(),
    offDiagonal: redundancy
      .relu()
      .div(Math.max(1, P * (P - 1)))
      .sqrt(),
  };
}

/** A view with the mean of each dimension taken away, the means being those of all ranks' rows. */
interface Centred {
  /** `[n, P]`, this rank's rows. */
  readonly rows: Tensor;
  /** `[P]`, what makes the deviation of each dimension 1. */
  readonly scale: Tensor;
}

/**
 * Means have no gradient here, since what comes back to the rows sums to 0 over them: it is made of centred rows, the other view's by the correlations
 * and the own ones by the variances.
 */
function centred(z: Tensor): Centred {
  const { world } = stepContext();
  const N = z.shape[0]! * world.size;
  const mean = (of: Tensor): Tensor => world.sum(columnSums(of, 1 / N));
  const near = z.sub(mean(stopGradient(z)));
  const rest = mean(stopGradient(near)); // of rounding, where a mean is much larger than its deviation
  const [rows, variance] = customGradOfMany([near], near => {
    const rows = near!.sub(rest);
    const gradient = ([dRows, dVariance]: Tensor[], [rows]: Tensor[]) => [
      () => dRows!.add(rows!.mul(dVariance!.mul(2 / N))),
    ];
    return { value: [rows, columnSums(rows.square(), 1 / N)], saved: [rows], gradient };
  }) as [Tensor, Tensor];
  return { rows, scale: world.sum(variance).add(EPSILON).rsqrt() };
}

/** `[n, m]` to `[m]`, each row with this weight: the product with a row takes much less time than a sum along the first axis. */
function columnSums(matrix: Tensor, weight = 1): Tensor {
  const [n, m] = matrix.shape as [number, number];
  return matMul(tf.fill([1, n], weight), matrix).reshape([m]);
}

/** `[n, m]` to `[n]` */
function rowSums(matrix: Tensor): Tensor {
  const [n, m] = matrix.shape as [number, number];
  return matMul(matrix, tf.ones([m, 1])).reshape([n]);
}

/**
 * Of C, the diagonal `[P]` and the sum of squares. Where there are fewer rows than dimensions C, 256 MiB for the P of the paper, is never made: the sum
 * of squares is also that over aaᵀ ∘ bbᵀ, which are `[N, N]`. The bound is where the multiplications are as many.
 */
function correlations(a: Centred, b: Centred): { readonly diagonal: Tensor; readonly squares: Tensor } {
  const { world } = stepContext();
  const N = a.rows.shape[0]! * world.size;
  const P = a.rows.shape[1]!;
  if (4 * N < 3 * P) {
    const [x, y] = [a, b].map(({ rows, scale }) => world.gather(rows.mul(scale))) as [Tensor, Tensor];
    return { diagonal: x.mul(y).mean(0), squares: squaresByRows(x, y).div(N ** 2) };
  }
  const inputs = [world.gather(a.rows), world.gather(b.rows), a.scale, b.scale];
  const [diagonal, squares] = customGradOfMany(inputs, (x, y, p, q) => {
    const scales = p!.div(N).expandDims(1).mul(q!); // [P, P]
    const c = matMul(x!, y!, true, false).mul(scales);
    const gradient = ([along, all]: Tensor[], [x, y, p, q, scales, c]: Tensor[]) => {
      const dc = c!.mul(all!.mul(2)).add(nativeOp('MatrixDiag', [along!], FLOAT));
      const dProducts = dc.mul(scales!);
      const parts = dc.mul(c!); // of row i, the sum is that of p_i ∂/∂p_i; of column j, that of q_j ∂/∂q_j
      return [
        () => matMul(y!, dProducts, false, true),
        () => matMul(x!, dProducts),
        () => rowSums(parts).div(p!),
        () => columnSums(parts).div(q!),
      ];
    };
    const value = [nativeOp('MatrixDiagPart', [c], FLOAT), c.square().sum()];
    return { value, saved: [x!, y!, p!, q!, scales, c], gradient };
  }) as [Tensor, Tensor];
  return { diagonal, squares };
}

function squaresByRows(a: Tensor, b: Tensor): Tensor {
  return customGrad([a, b], (x, y) => {
    const [p, q] = [matMul(x!, x!, false, true), matMul(y!, y!, false, true)]; // [N, N]
    const gradient = (dy: Tensor, [x, y, p, q]: Tensor[]) => [
      () => matMul(q!.mul(dy.mul(2)), x!),
      () => matMul(p!.mul(dy.mul(2)), y!),
    ];
    return { value: p.mul(q).sum(), saved: [x!, y!, p, q], gradient };
  });
}

function check(za: Tensor, zb: Tensor, lambda: number): void {
  const same = za.rank === 2 && zb.rank === 2 && za.shape.join() === zb.shape.join();
  if (!same || za.shape[0]! * stepContext().world.size < 2 || za.shape[1]! < 1) {
    throw new ShapeError(
      `barlowTwinsLoss: za and zb must be [N, P] alike, N at least 2; got [${za.shape}] and [${zb.shape}]`,
    );
  }
  if (!(lambda >= 0)) throw new ConfigError(`barlowTwinsLoss: lambda must be 0 or above; got ${lambda}`);
}
