import { ConfigError, ShapeError } from '../errors.ts';
import { compile } from '../tensor/compile.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { comparable, compare, type Metric } from './comparison.ts';
import { checkFinite, type Features, rowsOf, tableShape } from './feature-table.ts';
import { BLOCK, twoPassesPay } from './top-k.ts';

export interface NeighbourOptions {
  /** Default `cosine`. */
  readonly metric?: Metric;
  /** How many similarities are held at once. More than the default 2^24 (64 MiB) is hardly faster. */
  readonly scoreBudget?: number;
}

export interface Neighbours {
  readonly k: number;
  /** `[M, k]`, rows of the gallery, best first; of equally similar ones the lower row comes first. */
  readonly indices: Int32Array;
  /**
   * `[M, k]`. Cosine: −1 to 1. Euclidean: −½·distance², which for rows of length 1 is the cosine less one,
   * so that both metrics then weigh neighbours alike.
   */
  readonly similarities: Float32Array;
}

const SCORE_BUDGET = 2 ** 24;
/** Values of the gallery, and of the queries, that are on the engine at once: 128 MiB each. */
const FEATURE_BUDGET = 2 ** 25;
/** Leaves room for more queries at once: the squarer a product, the faster. */
const MAX_GALLERY_ROWS = 2 ** 15;
const MAX_QUERY_ROWS = 2 ** 12;
/** Rows whose mean stands for the middle of the gallery. */
const ORIGIN_ROWS = 1024;

/**
 * The `k` most similar rows of the gallery for each query, exactly: all are compared with all, a part of the gallery and
 * some of the queries at a time, so that memory does not grow with either. Runs off the event loop.
 *
 * A row of zeros has cosine 0 with every row. Distances come from products in float32 after both sides were moved
 * near the origin; neighbours whose squared distances differ in the seventh digit of the squared radius of the data may change places.
 * @throws ConfigError when `k` is no whole number from 1 to the number of rows of the gallery.
 * @throws ShapeError when the widths differ.
 * @throws DataError naming a row with NaN.
 */
export async function nearestNeighbours(
  query: Features,
  gallery: Features,
  k: number,
  { metric = 'cosine', scoreBudget = SCORE_BUDGET }: NeighbourOptions = {},
): Promise<Neighbours> {
  const { queries, rows, dim } = check(query, gallery, k);
  const found = nothingYet(queries, k);
  const search = openSearch(metric, k, gallery, rows);
  try {
    for (const [start, end] of parts(rows, k, Math.min(MAX_GALLERY_ROWS, FEATURE_BUDGET / dim, scoreBudget))) {
      await search.load(start, end);
      const height = Math.min(MAX_QUERY_ROWS, FEATURE_BUDGET / dim, scoreBudget / (end - start));
      for (let first = 0, last = 0; first < queries; first = last) {
        last = Math.min(queries, first + Math.max(1, Math.floor(height)));
        merge(found, await search.compare(query, first, last), first, start);
      }
    }
  } finally {
    search.close();
  }
  return found;
}

function check(query: Features, gallery: Features, k: number): { queries: number; rows: number; dim: number } {
  const { rows: queries, dim } = tableShape('nearestNeighbours: query', query);
  const { rows, dim: galleryDim } = tableShape('nearestNeighbours: gallery', gallery);
  if (dim !== galleryDim) {
    throw new ShapeError(
      `nearestNeighbours: query and gallery must be equally wide; got ${dim} and ${galleryDim}; take both from the same network`,
    );
  }
  if (!Number.isInteger(k) || k < 1 || k > rows) {
    throw new ConfigError(`nearestNeighbours: k must be a whole number from 1 to the gallery's ${rows} rows; got ${k}`);
  }
  return { queries, rows, dim };
}

/**
 * The gallery in stretches of about the same length, at most about `limit`. Where it pays they are whole blocks, so that `topK`
 * can take its fast way, and what is left over is a stretch of its own.
 */
function parts(rows: number, k: number, limit: number): [start: number, end: number][] {
  const step = Math.ceil(rows / Math.ceil(rows / limit) / BLOCK) * BLOCK;
  const whole = twoPassesPay(step, k) ? rows - (rows % BLOCK) : rows;
  const starts = Array.from({ length: Math.ceil(whole / step) }, (_, i) => i * step);
  if (whole < rows) starts.push(whole);
  return starts.map((start, i) => [start, starts[i + 1] ?? rows]);
}

function nothingYet(queries: number, k: number): Neighbours {
  return {
    k,
    indices: new Int32Array(queries * k).fill(-1),
    similarities: new Float32Array(queries * k).fill(Number.NEGATIVE_INFINITY),
  };
}

interface Search {
  /** Puts rows `start` to `end` of the gallery on the engine, in place of those before. */
  load(start: number, end: number): Promise<void>;
  /** The neighbours of queries `first` to `end` among the rows loaded, which count from 0. */
  compare(query: Features, first: number, end: number): Promise<Neighbours>;
  close(): void;
}

type Part = Record<'rows' | 'halves', Tensor>;

function openSearch(metric: Metric, k: number, gallery: Features, galleryRows: number): Search {
  const prepareGraph = compile((rows: Tensor, origin: Tensor) => comparable(metric, rows, origin), 'knn_prepare');
  const compareGraph = compile(
    (queries: Tensor, origin: Tensor, part: Part) => compare(metric, k, { queries, origin, gallery: part }),
    'knn_compare',
  );
  // Distances stay the same when everything is moved alike, and lose fewer digits near the origin.
  const origin = tf.tidy(() => tf.mean(rowsOf(gallery, 0, Math.min(ORIGIN_ROWS, galleryRows)), 0, true));
  let part: Part | undefined;
  const release = (): void => {
    if (part) tf.dispose(part);
    part = undefined;
  };
  return {
    async load(start, end) {
      release();
      const rows = rowsOf(gallery, start, end);
      const { squares, ...loaded } = await prepareGraph(rows, origin).finally(() => rows.dispose());
      part = loaded;
      checkFinite('nearestNeighbours: gallery', take(squares), start);
    },
    async compare(query, first, end) {
      const queries = rowsOf(query, first, end);
      const best = await compareGraph(queries, origin, part!).finally(() => queries.dispose());
      const [squares, indices, similarities] = [take(best.squares), take(best.indices), take(best.values)];
      checkFinite('nearestNeighbours: query', squares as Float32Array, first);
      return {
        k: indices.length / (end - first),
        indices: indices as Int32Array,
        similarities: similarities as Float32Array,
      };
    },
    close() {
      release();
      tf.dispose(origin);
      prepareGraph.dispose();
      compareGraph.dispose();
    },
  };
}

/** A tensor's values on the host; the tensor is freed. */
function take(tensor: Tensor): Float32Array | Int32Array {
  const values = tensor.dataSync<'float32' | 'int32'>();
  tensor.dispose();
  return values;
}

/** Puts the best of one part of the gallery, whose first row is `start`, into what was found for queries from `first` on. */
function merge(found: Neighbours, best: Neighbours, first: number, start: number): void {
  const { k, indices, similarities } = found;
  const before = { indices: new Int32Array(k), similarities: new Float32Array(k) };
  const queries = best.indices.length / best.k;
  for (let q = 0; q < queries; q++) {
    const at = (first + q) * k;
    for (let place = 0; place < k; place++) {
      before.indices[place] = indices[at + place]!;
      before.similarities[place] = similarities[at + place]!;
    }
    const end = (q + 1) * best.k;
    for (let place = 0, old = 0, fresh = end - best.k; place < k; place++) {
      // On a tie what was found earlier stays in front: its rows are lower.
      const newer = fresh < end && best.similarities[fresh]! > before.similarities[old]!;
      indices[at + place] = newer ? start + best.indices[fresh]! : before.indices[old]!;
      similarities[at + place] = newer ? best.similarities[fresh++]! : before.similarities[old++]!;
    }
  }
}
