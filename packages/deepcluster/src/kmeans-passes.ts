/** The part of k-means that looks at every row, on the engine. */
import { compile, l2Normalize, matMul, nativeOp, type Tensor, tf } from '@ssl/core';
import type { Features } from '@ssl/core/eval';

/** What an assignment step finds. */
export interface Pass {
  /** `[N]`, the nearest centroid of each row; of equally near ones the first. */
  readonly assignments: Int32Array;
  /** `[N]`, squared distances to it. */
  readonly distances: Float32Array;
  /** `[K, D]`, the sum of each centroid's rows. */
  readonly sums: Float32Array;
}

export interface Passes {
  readonly rows: number;
  readonly dim: number;
  /** @param centroids `[K, D]` */
  assign(centroids: Float32Array): Promise<Pass>;
  /** The lesser of `distances` and the squared distance of each row to the given one, `[N]`. */
  nearer(row: number, distances: Float32Array): Promise<Float32Array>;
  /** `[n, D]` */
  take(rows: readonly number[]): Float32Array;
  /** What was taken from every row beforehand, `[D]`. */
  readonly origin: Float32Array;
  /** Frees the rows, not the graphs. */
  dispose(): void;
}

/** Similarities that are held at once. */
const SCORES = 2 ** 22;
const MOST_ROWS = 2 ** 14;

export interface PassGraphs {
  /** @param spherical makes every row a unit vector; otherwise rows are moved so that their mean is 0, which float32 is the better for */
  open(features: Features, spherical: boolean): Passes;
  dispose(): void;
}

/** Graphs that serve one k-means after another. */
export function passGraphs(): PassGraphs {
  const assign = compile(assignRows, 'kmeans_assign');
  const nearer = compile(nearerRows, 'kmeans_nearer');
  return {
    open: (features, spherical) => open(features, spherical, assign, nearer),
    dispose: () => {
      assign.dispose();
      nearer.dispose();
    },
  };
}

function open(
  features: Features,
  spherical: boolean,
  assign: (...given: AssignInput) => Promise<AssignOutput>,
  nearer: (x: Tensor, row: Tensor, distances: Tensor) => Promise<Tensor>,
): Passes {
  const [x, origin] = prepared(features, spherical);
  const [rows, dim] = x.shape as [number, number];
  return {
    rows,
    dim,
    origin: origin.dataSync<'float32'>().slice(),
    async assign(centroids) {
      const count = centroids.length / dim;
      const assignments = new Int32Array(rows);
      const distances = new Float32Array(rows);
      const centres = tf.tensor2d(centroids, [count, dim]);
      let sums: Tensor = tf.zeros([count, dim]);
      try {
        const height = Math.max(1, Math.min(rows, MOST_ROWS, Math.floor(SCORES / count)));
        for (let start = 0; start < rows; start += height) {
          const places = tf.range(start, Math.min(rows, start + height), 1, 'int32');
          const found = await assign(x, places, centres, sums).finally(() => tf.dispose([places, sums]));
          sums = found.sums;
          assignments.set(found.assignments.dataSync<'int32'>(), start);
          const exact = found.distances.dataSync<'float32'>();
          distances.set(
            exact.map(x => Math.max(x, 0)),
            start,
          ); // NaN stays, to be told
          tf.dispose([found.assignments, found.distances]);
        }
        return { assignments, distances, sums: sums.dataSync<'float32'>().slice() };
      } finally {
        tf.dispose([centres, sums]);
      }
    },
    async nearer(row, distances) {
      const given = [tf.tensor1d([row], 'int32'), tf.tensor1d(distances)] as const;
      const found = await nearer(x, ...given).finally(() => tf.dispose([...given]));
      const values = found.dataSync<'float32'>().slice();
      found.dispose();
      return values;
    },
    take: places => {
      const taken = tf.tidy(() => tf.gather(x, tf.tensor1d([...places], 'int32')));
      const values = taken.dataSync<'float32'>().slice();
      taken.dispose();
      return values;
    },
    dispose: () => tf.dispose([x, origin]),
  };
}

/** Rows as they are compared, which the caller frees, and what was taken from them. */
function prepared(features: Features, spherical: boolean): [x: Tensor, origin: Tensor] {
  return tf.tidy(() => {
    const given =
      'dim' in features
        ? tf.tensor2d(features.features, [features.features.length / features.dim, features.dim])
        : features;
    if (spherical) return [l2Normalize(given), tf.zeros([given.shape[1]!])];
    const origin = given.mean(0);
    return [given.sub(origin), origin];
  });
}

type AssignInput = [x: Tensor, places: Tensor, centroids: Tensor, sums: Tensor];
type AssignOutput = { readonly assignments: Tensor; readonly distances: Tensor; readonly sums: Tensor };

/** ‖x − c‖² = ‖x‖² − 2 (x·c − ‖c‖² / 2), and the nearest centroid has the largest bracket. */
function assignRows(...[x, places, centroids, sums]: AssignInput): AssignOutput {
  const own = tf.gather(x, places); //                                                              [n, D]
  const scores = matMul(own, centroids, false, true).sub(centroids.square().sum(1).div(2)); //       [n, K]
  const assignments = scores.argMax(1) as Tensor;
  const distances = own.square().sum(1).sub(scores.max(1).mul(2));
  const attributes = {
    T: { dtype: 'float32' },
    Tindices: { dtype: 'int32' },
    Tnumsegments: { dtype: 'int32' },
  } as const;
  const more = nativeOp('UnsortedSegmentSum', [own, assignments, tf.scalar(centroids.shape[0]!, 'int32')], attributes);
  return { assignments, distances, sums: sums.add(more) };
}

function nearerRows(x: Tensor, row: Tensor, distances: Tensor): Tensor {
  const from = tf.gather(x, row); //   [1, D]
  return tf.minimum(distances, x.sub(from).square().sum(1));
}
