import { ConfigError, requireCounts } from '@ssl/core';
import type { Features, FeatureTable } from '@ssl/core/eval';
import { firstCentroids, notFinite, sum } from './kmeans-init.ts';
import { type Pass, type Passes, type PassGraphs, passGraphs } from './kmeans-passes.ts';

export interface KMeansOptions {
  /** K, at least 1 and at most the rows. */
  readonly clusters: number;
  /** `cosine` is spherical k-means: rows and centroids are unit vectors. Default `euclidean`. */
  readonly metric?: 'euclidean' | 'cosine';
  /** Rows drawn alike, rows drawn by their squared distance from those drawn before (k-means++), or centroids `[K, D]`. Default `k-means++`. */
  readonly init?: 'k-means++' | 'random' | FeatureTable;
  /** Most updates of the centroids; fewer when no row changes its cluster. Default 50. */
  readonly iterations?: number;
  /** Of the draws. Default 0. */
  readonly seed?: number;
  /** Another stream of draws of the same seed: an epoch, say. Default 0. */
  readonly stream?: number;
  /** Called after each assignment of all rows. */
  readonly onProgress?: (progress: KMeansProgress) => void;
}

export interface KMeansProgress {
  /** Updates so far. */
  readonly iteration: number;
  readonly iterations: number;
  /** The sum of squared distances to the nearest centroid. */
  readonly inertia: number;
  /** Rows whose cluster has changed. */
  readonly changed: number;
}

export interface Clustering {
  /** `[K, D]` */
  readonly centroids: FeatureTable;
  /** `[N]`, the nearest centroid of each row. */
  readonly assignments: Int32Array;
  /** `[K]`, rows of each. */
  readonly sizes: Int32Array;
  /** The sum of squared distances of rows to their centroids. */
  readonly inertia: number;
  /** Updates that were made. */
  readonly iterations: number;
}

/** FAISS takes 25, scikit-learn at most 300, VISSL's ClusterFit 50. */
const ITERATIONS = 50;

/**
 * k-means by Lloyd's updates, Euclidean or spherical, on the engine: rows are compared a block at a time, so that memory does not grow with N · K. A
 * cluster without rows gets the row that is farthest from its centroid, as in scikit-learn. The same seed gives the same clusters.
 * @param features `[N, D]`; a tensor stays the caller's
 * @throws ConfigError when a setting is out of range, as with more clusters than rows; DataError where a value is no finite number
 */
export async function kMeans(features: Features, options: KMeansOptions): Promise<Clustering> {
  const graphs = passGraphs();
  try {
    return await kMeansWith(graphs, features, options);
  } finally {
    graphs.dispose();
  }
}

/** `kMeans` with graphs that are kept for the next. */
export async function kMeansWith(graphs: PassGraphs, features: Features, options: KMeansOptions): Promise<Clustering> {
  const { metric = 'euclidean', iterations = ITERATIONS, onProgress } = options;
  checkSettings(options, iterations);
  const spherical = metric === 'cosine';
  const passes = graphs.open(features, spherical);
  try {
    checkRows(passes, options.clusters);
    let centroids = await firstCentroids(passes, options, spherical);
    let before: Int32Array | undefined;
    for (let iteration = 0; ; iteration++) {
      const pass = await passes.assign(centroids);
      const inertia = sum(pass.distances);
      if (!Number.isFinite(inertia)) throw notFinite();
      const changed = changes(before, pass.assignments);
      onProgress?.({ iteration, iterations, inertia, changed });
      const sizes = sizesOf(pass.assignments, options.clusters);
      const settled = changed === 0 && sizes.every(size => size > 0);
      if (iteration === iterations || settled) {
        return {
          centroids: asGiven(passes, centroids),
          assignments: pass.assignments,
          sizes,
          inertia,
          iterations: iteration,
        };
      }
      before = pass.assignments;
      centroids = updated(passes, pass, sizes, spherical);
    }
  } finally {
    passes.dispose();
  }
}

/** The means of the clusters; those without a row get the rows that are farthest from theirs. */
function updated(
  passes: Passes,
  { sums, distances, assignments }: Pass,
  given: Int32Array,
  spherical: boolean,
): Float32Array {
  const { dim } = passes;
  const [centroids, sizes] = [sums.slice(), given.slice()];
  for (const [k, row] of refills(distances, assignments, sizes)) {
    const [values, old] = [passes.take([row]), assignments[row]!];
    for (let d = 0; d < dim; d++) centroids[old * dim + d]! -= values[d]!;
    centroids.set(values, k * dim);
  }
  for (const [k, size] of sizes.entries()) {
    const own = centroids.subarray(k * dim, (k + 1) * dim);
    const length = spherical ? Math.sqrt(sum(own.map(x => x * x))) : size;
    if (length > 0) for (let d = 0; d < dim; d++) own[d]! /= length;
  }
  return centroids;
}

/** For each empty cluster a row to begin with, the farthest one first; none from a cluster of one row. `sizes` then counts them. */
function refills(
  distances: Float32Array,
  assignments: Int32Array,
  sizes: Int32Array,
): [cluster: number, row: number][] {
  const empty = [...sizes.keys()].filter(k => sizes[k] === 0);
  if (empty.length === 0) return [];
  const farthest = Uint32Array.from(distances.keys()).sort((a, b) => distances[b]! - distances[a]! || a - b);
  const found: [number, number][] = [];
  for (const row of farthest) {
    const old = assignments[row]!;
    if (found.length === empty.length) break;
    if (sizes[old]! < 2) continue;
    const cluster = empty[found.length]!;
    sizes[old]!--;
    sizes[cluster] = 1;
    found.push([cluster, row]);
  }
  return found;
}

function sizesOf(assignments: Int32Array, clusters: number): Int32Array {
  const sizes = new Int32Array(clusters);
  for (const k of assignments) sizes[k]!++;
  return sizes;
}

function changes(before: Int32Array | undefined, now: Int32Array): number {
  return before ? now.reduce((count, k, i) => count + Number(k !== before[i]), 0) : now.length;
}

function asGiven({ dim, origin }: Passes, centroids: Float32Array): FeatureTable {
  return { features: centroids.map((x, i) => x + origin[i % dim]!), dim };
}

function checkSettings({ clusters, metric, init }: KMeansOptions, iterations: number): void {
  requireCounts('kMeans', { clusters, iterations });
  if (metric !== undefined && metric !== 'euclidean' && metric !== 'cosine') {
    throw new ConfigError(`kMeans: metric must be euclidean or cosine; got '${metric as string}'`);
  }
  if (typeof init === 'string' && init !== 'k-means++' && init !== 'random') {
    throw new ConfigError(`kMeans: init must be k-means++, random or centroids; got '${init as string}'`);
  }
}

function checkRows({ rows }: Passes, clusters: number): void {
  if (clusters <= rows) return;
  throw new ConfigError(`kMeans: clusters must be at most the rows; got ${clusters} for ${rows} rows; use fewer`);
}
