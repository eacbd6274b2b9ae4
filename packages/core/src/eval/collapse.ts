/** Signs of collapse: features that say little about their image, whatever the loss says. */
import { featureStdOf } from '../method/feature-std.ts';
import { type Compiled, compile } from '../tensor/compile.ts';
import { nativeOps } from '../tensor/native.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { checkFinite, type Features, rowsOf, tableShape } from './feature-table.ts';

export interface CollapseSignals {
  /** Directions in use: 1 when all features lie on one line through the origin, at most `min(N, D)`. */
  readonly rankMe: number;
  /** 0 when all features point the same way, about 1 when they point everywhere. */
  readonly featureStd: number;
}

/** ε of equation 2 of arXiv:2210.02885. */
const EPSILON = 1e-7;

/**
 * RankMe (arXiv:2210.02885, equations 1 and 2): e to the entropy of the singular values' shares. The features are taken as they are, not centred:
 * a large common offset counts as the one direction that it is.
 * @param features `[N, D]`, any scale. The cost grows with N·D²; a sample of the data will do.
 * @throws DataError naming a row with NaN.
 */
export async function rankMe(features: Features): Promise<number> {
  return entropyRank(await onEngine('rankMe', features, singularValues));
}

/**
 * Standard deviation of the features' directions (arXiv:2011.10566 §4.1), see `featureStdOf`, which goes into a graph.
 * @param features `[N, D]`, any scale.
 * @throws DataError naming a row with NaN.
 */
export async function featureStd(features: Features): Promise<number> {
  return (await onEngine('featureStd', features, featureStdOf))[0]!;
}

/**
 * Both signals of the same features.
 * @param features `[N, D]`, any scale.
 * @throws DataError naming a row with NaN.
 */
export async function collapseSignals(features: Features): Promise<CollapseSignals> {
  const meter = collapseMeter();
  return meter(features).finally(() => meter.dispose());
}

export interface CollapseMeter {
  (features: Features): Promise<CollapseSignals>;
  /** Frees the graph. */
  dispose(): void;
}

/** `collapseSignals` for a run: it keeps its graph from call to call. */
export function collapseMeter(): CollapseMeter {
  const who = 'collapseSignals';
  const both = (rows: Tensor): Tensor => tf.concat([featureStdOf(rows).reshape([1]), singularValues(rows)]);
  const graph = compile(both, who);
  const measure = async (features: Features): Promise<CollapseSignals> => {
    const [std, ...values] = await valuesOf(who, features, graph);
    return { rankMe: entropyRank(values), featureStd: std! };
  };
  return Object.assign(measure, { dispose: () => graph.dispose() });
}

/** `[min(N, D)]`, largest first; from the matrix itself, since its products with itself lose half of float32's digits. */
function singularValues(rows: Tensor): Tensor {
  const attrs = { T: { dtype: 'float32' }, compute_uv: false, full_matrices: false } as const;
  return nativeOps('Svd', [rows], attrs, 3)[0]!;
}

function entropyRank(values: ArrayLike<number>): number {
  const sigma = Array.from(values);
  // Features that are all zero have no direction at all: the shares are then 0, and the result 1.
  const total = sigma.reduce((sum, value) => sum + value, 0) || 1;
  const shares = sigma.map(value => value / total + EPSILON);
  return Math.exp(-shares.reduce((sum, share) => sum + share * Math.log(share), 0));
}

async function onEngine(who: string, features: Features, signal: (rows: Tensor) => Tensor): Promise<number[]> {
  const graph = compile(signal, who);
  return valuesOf(who, features, graph).finally(() => graph.dispose());
}

/** The values of a signal on all rows, computed off the event loop. */
async function valuesOf(who: string, features: Features, graph: Compiled<[Tensor], Tensor>): Promise<number[]> {
  const { rows: count } = tableShape(who, features);
  const rows = rowsOf(features, 0, count);
  try {
    // First of all: the library's decomposition of NaN fails with a message of its own.
    checkFinite(who, squaredLengths(rows));
    const values = await graph(rows);
    const numbers = Array.from(values.dataSync());
    values.dispose();
    return numbers;
  } finally {
    rows.dispose();
  }
}

function squaredLengths(rows: Tensor): ArrayLike<number> {
  const squares = tf.tidy(() => rows.square().sum(1));
  const values = squares.dataSync(); // not inside: `tidy` would walk through every number of it
  squares.dispose();
  return values;
}
