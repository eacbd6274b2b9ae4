import {
  ConfigError,
  customGrad,
  customGradOfMany,
  matMul,
  nativeOp,
  ShapeError,
  stepContext,
  type Tensor,
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
  const { world } = stepContext();
  const [a, b] = [za, zb].map(z => world.gather(standardized(z))) as [Tensor, Tensor];
  const [N, P] = a.shape as [number, number];
  const { diagonal, squares } = correlations(a, b);
  const own = diagonal.div(N); //                                             [P], C_ii
  const invariance = own.sub(1).square().sum();
  const redundancy = squares.div(N ** 2).sub(own.square().sum());
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

/** Each dimension with mean 0 and deviation 1 over the rows of all ranks. */
function standardized(z: Tensor): Tensor {
  const { world } = stepContext();
  const rows = z.shape[0]! * world.size;
  const centred = z.sub(world.sum(z.sum(0)).div(rows));
  const variance = world.sum(centred.square().sum(0)).div(rows); // [P]
  return centred.mul(variance.add(EPSILON).rsqrt());
}

/**
 * Of aᵀb, the `[P, P]` sums of products, the diagonal `[P]` and the sum of squares. Where there are fewer rows than dimensions that matrix, 256 MiB for
 * the P of the paper, is never made: the sum of squares is also that over aaᵀ ∘ bbᵀ, which are `[N, N]`. The bound is where the multiplications are as
 * many.
 */
function correlations(a: Tensor, b: Tensor): { readonly diagonal: Tensor; readonly squares: Tensor } {
  const [N, P] = a.shape as [number, number];
  if (4 * N < 3 * P) return { diagonal: a.mul(b).sum(0), squares: squaresByRows(a, b) };
  const [diagonal, squares] = customGradOfMany([a, b], (x, y) => {
    const c = matMul(x!, y!, true, false); // [P, P]
    const gradient = ([along, all]: Tensor[], [x, y, c]: Tensor[]) => {
      const dc = c!.mul(all!.mul(2)).add(nativeOp('MatrixDiag', [along!], FLOAT));
      return [() => matMul(y!, dc, false, true), () => matMul(x!, dc)];
    };
    return { value: [nativeOp('MatrixDiagPart', [c], FLOAT), c.square().sum()], saved: [x!, y!, c], gradient };
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
