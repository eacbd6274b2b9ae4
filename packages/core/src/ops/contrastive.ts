import { ConfigError, ShapeError } from '../errors.ts';
import { customGrad } from '../tensor/native.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { matrixProduct } from './products.ts';
import {
  type Exclusion,
  logSumExpOf,
  nothingSeen,
  partSizes,
  type Running,
  type RunningWithMix,
  seen,
  seenWithMix,
  slopeOf,
  tileGradient,
  tileShape,
  type Weighing,
} from './similarity-tiles.ts';

export interface LogSumExpOptions {
  /** τ, above 0. */
  readonly temperature: number;
  /** `[N, E]` int32, E at least 1: the columns that each row leaves out; numbers that are no column leave out nothing. See `ownColumns`. */
  readonly exclude?: Tensor;
  /**
   * Whether `b` is a constant, a queue say. Then the gradient of `a` is worked out with the value, from the same tiles: about half the work,
   * and `b` may change before the backward pass. Default false.
   */
  readonly fixedColumns?: boolean;
}

/**
 * log Σ_j exp(a_i · b_j / τ) of each row: the denominator of contrastive losses, exactly and without the `[N, M]` similarities, which come and
 * go in tiles, forward and backward. So memory grows with N + M. Where `a` and `b` are one tensor, each tile does for its mirror image too.
 * @param a `[N, P]`, taken as it is: normalise it before, if it should be
 * @param b `[M, P]`
 * @returns `[N]`; −∞, with a gradient of 0, for rows that leave out every column
 * @throws ShapeError when widths differ, there are no columns, or `exclude` is not `[N, E]` int32
 * @throws ConfigError when the temperature is not above 0
 */
export function logSumExpSimilarities(a: Tensor, b: Tensor, options: LogSumExpOptions): Tensor {
  return logSumExpInTiles(a, b, options);
}

/**
 * What `exclude` takes for stacked views: each row's own column and, with `partner`, that of the image's other view.
 * @param rows N; with `partner` two views stacked, N = 2B
 * @param options.offset the column of row 0: where these rows are part of `b`, as those of one process among all. Default 0.
 * @returns `[N, 1]` or `[N, 2]` int32
 * @throws ShapeError when rows with partners are odd in number
 */
export function ownColumns(
  rows: number,
  { offset = 0, partner = false }: { readonly offset?: number; readonly partner?: boolean } = {},
): Tensor {
  if (partner && rows % 2 !== 0) {
    throw new ShapeError(`ownColumns: rows with partners must be two views stacked, an even number; got ${rows}`);
  }
  const shifts = partner ? [0, rows / 2] : [0];
  const columns = Array.from({ length: rows }, (_, i) => shifts.map(shift => offset + ((i + shift) % rows))).flat();
  return tf.tensor2d(columns, [rows, shifts.length], 'int32');
}

/** For tests: with tiles of any size. */
export function logSumExpInTiles(a: Tensor, b: Tensor, options: LogSumExpOptions, side?: number): Tensor {
  check(a, b, options);
  const { temperature, exclude, fixedColumns = false } = options;
  const shape = tileShape(a.shape[0]!, b.shape[0]!, side);
  const tiles = (x: Tensor, y: Tensor, excluded?: Tensor): Tiles =>
    cut(x, y, { shape, temperature, excluded, mirrored: a === b && !fixedColumns });
  const excludes = exclude ? [exclude] : [];
  if (fixedColumns) {
    return customGrad([a], x => {
      const { value, slope } = logSumsWithSlopes(tiles(x!, b, exclude));
      return { value, saved: [slope], gradient: (dy, [slopes]) => [slopes!.mul(dy.expandDims(1))] };
    });
  }
  if (a === b) {
    return customGrad([a], x => {
      const value = logSums(tiles(x!, x!, exclude));
      const gradient = (dy: Tensor, [p, lse, e]: Tensor[]) => [
        gradients(tiles(p!, p!, e), lse!, dy, ['rows', 'columns']).rows!,
      ];
      return { value, saved: [x!, value, ...excludes], gradient };
    });
  }
  return customGrad([a, b], (x, y) => {
    const value = logSums(tiles(x!, y!, exclude));
    const gradient = (dy: Tensor, [p, q, lse, e]: Tensor[]) => {
      const both = gradients(tiles(p!, q!, e), lse!, dy, ['rows', 'columns']);
      return [both.rows!, both.columns!];
    };
    return { value, saved: [x!, y!, value, ...excludes], gradient };
  });
}

interface Block {
  /** `[r, P]` */
  readonly x: Tensor;
  /** Number of its first row. */
  readonly first: number;
  /** `[r, E]` */
  readonly excluded: Tensor | undefined;
}

interface Tiles {
  readonly rows: readonly Block[];
  readonly columns: readonly Block[];
  /** Both are one: of tile and mirror image only the one above the diagonal is computed. */
  readonly mirrored: boolean;
  /** 1 / τ */
  readonly scale: Tensor;
}

interface Cutting {
  readonly shape: readonly [rows: number, columns: number];
  readonly temperature: number;
  readonly excluded: Tensor | undefined;
  readonly mirrored: boolean;
}

function cut(a: Tensor, b: Tensor, { shape, temperature, excluded, mirrored }: Cutting): Tiles {
  const rows = blocks(a, shape[0], excluded);
  return { rows, columns: mirrored ? rows : blocks(b, shape[1]), mirrored, scale: tf.scalar(1 / temperature) };
}

function blocks(x: Tensor, most: number, excluded?: Tensor): Block[] {
  const sizes = partSizes(x.shape[0]!, most);
  const [parts, exclusions] = [inParts(x, sizes), excluded && inParts(excluded, sizes)];
  return parts.map((part, i) => ({ x: part, first: i * sizes[0]!, excluded: exclusions?.[i] }));
}

function inParts(x: Tensor, sizes: number[]): Tensor[] {
  return sizes.length === 1 ? [x] : tf.split(x, sizes);
}

/** Calls `visit` with the similarities of each tile, `[r, c]`, which are gone afterwards. */
function eachTile({ rows, columns, mirrored }: Tiles, visit: (s: Tensor, i: number, j: number) => void): void {
  for (const [i, row] of rows.entries()) {
    for (let j = mirrored ? i : 0; j < columns.length; j++) {
      const s = matrixProduct(row.x, columns[j]!.x, false, true);
      visit(s, i, j);
      s.dispose();
    }
  }
}

/** Puts what `make` makes of the old item in its place; nothing else that it makes is kept. */
function renew<T extends Tensor | Running | undefined>(list: T[], i: number, make: (old: T) => T): void {
  const old = list[i]!;
  list[i] = tf.tidy(() => make(old) as never);
  if (old) tf.dispose(old as never);
}

function exclusion({ excluded }: Block, first: number): Exclusion | undefined {
  return excluded && { columns: excluded, first };
}

/** `[N]` */
function logSums(tiles: Tiles): Tensor {
  const { rows, columns, mirrored, scale } = tiles;
  const state = rows.map(({ x }) => nothingSeen(x.shape[0]!));
  eachTile(tiles, (s, i, j) => {
    renew(state, i, old => seen(s, scale, 1, old, exclusion(rows[i]!, columns[j]!.first)));
    if (mirrored && i !== j) renew(state, j, old => seen(s, scale, 0, old, exclusion(rows[j]!, rows[i]!.first)));
  });
  return tf.concat(state.map(logSumExpOf));
}

/** `[N]`, and the gradient of each with respect to its row, `[N, P]`; in one pass over the tiles, as flash attention's forward one (arXiv:2205.14135). */
function logSumsWithSlopes(tiles: Tiles): { readonly value: Tensor; readonly slope: Tensor } {
  const { rows, columns, scale } = tiles;
  const state = rows.map(({ x }): RunningWithMix => ({ ...nothingSeen(x.shape[0]!), mix: tf.zerosLike(x) }));
  eachTile(tiles, (s, i, j) => {
    const { x, first } = columns[j]!;
    renew(state, i, old => seenWithMix(s, scale, old, x, exclusion(rows[i]!, first)));
  });
  return { value: tf.concat(state.map(logSumExpOf)), slope: tf.concat(state.map(each => slopeOf(each, scale))) };
}

type Wanted = 'rows' | 'columns';

/** Of the rows and of the columns; where those are one, both in one. */
function gradients(
  tiles: Tiles,
  logSum: Tensor,
  dy: Tensor,
  wanted: readonly Wanted[],
): Partial<Record<Wanted, Tensor>> {
  const { rows, columns, mirrored, scale } = tiles;
  const sizes = rows.map(({ x }) => x.shape[0]!);
  const [logSumParts, dyParts] = [inParts(logSum, sizes), inParts(dy, sizes)];
  const weighing = (i: number, first: number): Weighing => ({
    ...{ logSum: logSumParts[i]!, dy: dyParts[i]!, exclusion: exclusion(rows[i]!, first) },
  });
  const ofRows: (Tensor | undefined)[] = rows.map(() => undefined);
  const ofColumns = mirrored ? ofRows : columns.map(() => undefined);
  const add = (list: (Tensor | undefined)[], i: number, x: Tensor, y: Tensor, turned: boolean): void =>
    renew(list, i, old => {
      const part = matrixProduct(x, y, turned);
      return old ? old.add(part) : part;
    });
  eachTile(tiles, (s, i, j) => {
    const mirror = mirrored && i !== j ? weighing(j, rows[i]!.first) : undefined;
    const g = tf.tidy(() => tileGradient(s, scale, weighing(i, columns[j]!.first), mirror));
    s.dispose();
    if (wanted.includes('rows')) add(ofRows, i, g, columns[j]!.x, false);
    if (wanted.includes('columns')) add(ofColumns, j, g, rows[i]!.x, true);
    g.dispose();
  });
  return Object.fromEntries(wanted.map(side => [side, tf.concat((side === 'rows' ? ofRows : ofColumns) as Tensor[])]));
}

function check(a: Tensor, b: Tensor, { temperature, exclude }: LogSumExpOptions): void {
  const who = 'logSumExpSimilarities';
  if (a.rank !== 2 || b.rank !== 2 || a.shape[1] !== b.shape[1] || a.size === 0 || b.size === 0) {
    throw new ShapeError(`${who}: a and b must be [N, P] and [M, P], neither empty; got [${a.shape}] and [${b.shape}]`);
  }
  if (!(temperature > 0)) throw new ConfigError(`${who}: temperature must be above 0; got ${temperature}`);
  if (!exclude) return;
  const { rank, shape, dtype } = exclude;
  if (rank === 2 && shape[0] === a.shape[0] && shape[1]! > 0 && dtype === 'int32') return;
  throw new ShapeError(`${who}: exclude must be int32 [${a.shape[0]}, E], columns of each row; got ${dtype}[${shape}]`);
}
