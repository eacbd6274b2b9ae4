/** What `logSumExpSimilarities` does to one tile of the similarities, each step one kernel; and how large a tile is. */
import { kernel } from '../tensor/fused.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { matrixProduct } from './products.ts';

/** Rows of a tile, and columns: 4 MiB, which stay in the cache; beyond this many tiles 16 MiB, else graphs of them take long to make (`bench/losses.ts`). */
const SIDE = 1024;
const MANY = 64;
/** Of a tile that is long and narrow, so that its indices are a small constant of the kernel. */
const LONGEST = 4;
/** Sides are multiples of this where they can be: `folded` halves them. */
const MULTIPLE = 64;
/** Below any finite similarity; −∞ would make −∞ − (−∞) of rows of which nothing is left. */
const LOWEST = -1e30;

/** The log-sum-exp of what has been seen of each row: the largest, and the sum of exp(x − largest). */
export interface Running {
  readonly largest: Tensor;
  readonly sum: Tensor;
}

/** And what the gradient of that is made of. */
export interface RunningWithMix extends Running {
  /** The sum of exp(x − largest) times the column's row of `b`: `[rows of the tile, P]` */
  readonly mix: Tensor;
}

/** Which columns each row leaves out, and where the tile's columns start. */
export interface Exclusion {
  /** `[rows of the tile, E]` int32, of all columns */
  readonly columns: Tensor;
  readonly first: number;
}

/** Rows and columns of a tile of an `[N, M]` matrix; `side` is for tests. */
export function tileShape(
  N: number,
  M: number,
  side: number = N * M > MANY * SIDE ** 2 ? 2 * SIDE : SIDE,
): readonly [rows: number, columns: number] {
  const narrow = Math.min(N, side);
  const columns = Math.min(M, Math.floor(side ** 2 / narrow), LONGEST * side);
  return [Math.min(N, Math.floor(side ** 2 / columns), LONGEST * side), columns];
}

/** Cuts `length` into parts of one size, of at most `most`, and what is left over. */
export function partSizes(length: number, most: number): number[] {
  const even = length / Math.ceil(length / most);
  const size = Math.min(most, Math.ceil(even / MULTIPLE) * MULTIPLE);
  return Array.from({ length: Math.ceil(length / size) }, (_, i) => Math.min(size, length - i * size));
}

export function nothingSeen(rows: number): Running {
  return { largest: tf.fill([rows], LOWEST), sum: tf.zeros([rows]) };
}

export function logSumExpOf({ largest, sum }: Running): Tensor {
  return largest.add(sum.log());
}

/** The gradient of a row's log-sum-exp: `[R, P]`, 0 where nothing has been seen. */
export function slopeOf({ sum, mix }: RunningWithMix, scale: Tensor): Tensor {
  return tf.divNoNan(mix.mul(scale), sum.expandDims(1));
}

const rowsSeen = kernel('similarities_rows', (s, scale, largest, sum, ...exclusion) =>
  see(candidates(s!, scale!, exclusion, 1), 1, largest!, sum!).slice(0, 2),
);
const columnsSeen = kernel('similarities_columns', (s, scale, largest, sum, ...exclusion) =>
  see(candidates(s!, scale!, exclusion, 0), 0, largest!, sum!).slice(0, 2),
);
const rowsSeenWithTerms = kernel('similarities_rows_terms', (s, scale, largest, sum, ...exclusion) =>
  see(candidates(s!, scale!, exclusion, 1), 1, largest!, sum!),
);

/**
 * Adds a tile to what its rows (`axis` 1) or its columns (`axis` 0) have seen.
 * @param s `[R, C]`
 */
export function seen(s: Tensor, scale: Tensor, axis: 0 | 1, before: Running, exclusion?: Exclusion): Running {
  const run = axis === 1 ? rowsSeen : columnsSeen;
  const [largest, sum] = run([s, scale, before.largest, before.sum, ...inputsOf(exclusion)]);
  return { largest: largest!, sum: sum! };
}

/**
 * Adds a tile to what its rows have seen, with the rows of `b` that are its columns.
 * @param s `[R, C]`
 * @param columns `[C, P]`
 */
export function seenWithMix(
  s: Tensor,
  scale: Tensor,
  before: RunningWithMix,
  columns: Tensor,
  exclusion?: Exclusion,
): RunningWithMix {
  const inputs = [s, scale, before.largest, before.sum, ...inputsOf(exclusion)];
  const [largest, sum, terms, shrunk] = rowsSeenWithTerms(inputs);
  const mix = before.mix.mul(shrunk!.expandDims(1)).add(matrixProduct(terms!, columns));
  return { largest: largest!, sum: sum!, mix };
}

/** What weighs a row's gradient: its log-sum-exp, the gradient of that, and what it leaves out. */
export interface Weighing {
  readonly logSum: Tensor;
  readonly dy: Tensor;
  readonly exclusion: Exclusion | undefined;
}

const rowWeights = kernel('similarities_gradient', (s, scale, logSum, dy, ...exclusion) => [
  weights(s!, scale!, 1, logSum!, dy!, exclusion),
]);
const bothWeights = kernel('similarities_gradient_both', (s, scale, logSum, dy, logSumC, dyC, ...exclusions) => {
  const half = exclusions.length / 2;
  const rows = weights(s!, scale!, 1, logSum!, dy!, exclusions.slice(0, half));
  return [rows.add(weights(s!, scale!, 0, logSumC!, dyC!, exclusions.slice(half)))];
});

/** The gradient of the tile: of the sums over its rows and, where `columns` is given, of those over its columns too. `[R, C]` */
export function tileGradient(s: Tensor, scale: Tensor, rows: Weighing, columns?: Weighing): Tensor {
  const exclusions = [...inputsOf(rows.exclusion), ...inputsOf(columns?.exclusion)];
  if (!columns) return rowWeights([s, scale, rows.logSum, rows.dy, ...exclusions])[0]!;
  return bothWeights([s, scale, rows.logSum, rows.dy, columns.logSum, columns.dy, ...exclusions])[0]!;
}

function inputsOf(exclusion: Exclusion | undefined): Tensor[] {
  return exclusion ? [exclusion.columns, tf.scalar(exclusion.first, 'int32')] : [];
}

/** @returns the largest, the sum, its terms, and by how much what was summed before has shrunk */
function see(x: Tensor, axis: 0 | 1, before: Tensor, sumBefore: Tensor): Tensor[] {
  const largest = larger(
    before,
    folded(x, axis, larger, part => part.max(axis)),
  );
  const terms = x.sub(largest.expandDims(axis)).exp();
  const sum = folded(
    terms,
    axis,
    (p, q) => p.add(q),
    part => part.sum(axis),
  );
  const shrunk = before.sub(largest).exp();
  return [largest, sumBefore.mul(shrunk).add(sum), terms, shrunk];
}

function weights(s: Tensor, scale: Tensor, axis: 0 | 1, logSum: Tensor, dy: Tensor, exclusion: Tensor[]): Tensor {
  const share = s.mul(scale).sub(logSum.expandDims(axis)).exp();
  const weighed = share.mul(dy.mul(scale).expandDims(axis));
  return exclusion.length === 0 ? weighed : tf.where(excluded(s, exclusion, axis), tf.scalar(0), weighed);
}

function candidates(s: Tensor, scale: Tensor, exclusion: Tensor[], axis: 0 | 1): Tensor {
  const x = s.mul(scale);
  return exclusion.length === 0 ? x : tf.where(excluded(s, exclusion, axis), tf.scalar(Number.NEGATIVE_INFINITY), x);
}

/** Where a row (`axis` 1) or a column (`axis` 0) leaves out the other one. `[R, C]` bool */
function excluded({ shape }: Tensor, [columns, first]: Tensor[], axis: 0 | 1): Tensor {
  const index = tf.range(0, shape[axis]!, 1, 'int32').expandDims(1 - axis);
  const inTile = columns!.sub(first!); // [rows, E]
  const hits = tf
    .split(inTile, inTile.shape[1]!, 1)
    .map(column => tf.equal(index, axis === 1 ? column : column.reshape([1, -1])));
  return hits.reduce((any, hit) => tf.logicalOr(any, hit));
}

/** Not `maximum`, whose care for NaN costs XLA's CPU code its vectors; the sum keeps a NaN anyway. */
function larger(p: Tensor, q: Tensor): Tensor {
  return tf.where(p.greater(q), p, q);
}

/** A reduction whose first steps lay halves upon each other, which XLA's CPU code does in vectors; its own loop along an axis does not. */
function folded(
  x: Tensor,
  axis: 0 | 1,
  pair: (p: Tensor, q: Tensor) => Tensor,
  rest: (part: Tensor) => Tensor,
): Tensor {
  const length = x.shape[axis]!;
  if (length % 2 !== 0 || length <= MULTIPLE) return rest(x);
  const [p, q] = tf.split(x, 2, axis);
  return folded(pair(p!, q!), axis, pair, rest);
}
