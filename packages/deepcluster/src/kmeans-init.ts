/** Where k-means begins. */
import { DataError, l2Normalize, ShapeError, tf } from '@ssl/core';
import { type HostRng, hostRng } from '@ssl/core/data';
import type { KMeansOptions } from './kmeans.ts';
import type { Passes } from './kmeans-passes.ts';

/** A squared distance above any other. */
const FAR = 3e38;

/** `[K, D]`, as rows are compared. */
export async function firstCentroids(
  passes: Passes,
  options: KMeansOptions,
  spherical: boolean,
): Promise<Float32Array> {
  const { clusters, init = 'k-means++', seed = 0, stream = 0 } = options;
  const rng = hostRng(seed, stream);
  if (init === 'random') return passes.take(distinctRows(rng, passes.rows, clusters));
  if (init === 'k-means++') return passes.take(await spreadRows(rng, passes, clusters));
  const { features, dim } = init;
  if (dim !== passes.dim || features.length !== clusters * dim) {
    throw new ShapeError(
      `kMeans: the first centroids must be [${clusters}, ${passes.dim}]; got ${features.length} values of width ${dim}`,
    );
  }
  if (!spherical) return features.map((x, i) => x - passes.origin[i % dim]!);
  return tf.tidy(() =>
    l2Normalize(tf.tensor2d(features, [clusters, dim]))
      .dataSync<'float32'>()
      .slice(),
  );
}

/** The first places of a shuffle. */
function distinctRows(rng: HostRng, rows: number, count: number): number[] {
  const places = Uint32Array.from({ length: rows }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = rng.int(i, rows);
    [places[i], places[j]] = [places[j]!, places[i]!];
  }
  return [...places.subarray(0, count)];
}

/**
 * k-means++ (Arthur and Vassilvitskii 2007): each row is drawn with a chance in proportion to its squared distance from those there are. Of a few
 * drawn so, the one that leaves the smallest sum is taken, as in scikit-learn.
 */
async function spreadRows(rng: HostRng, passes: Passes, count: number): Promise<number[]> {
  const tries = 2 + Math.floor(Math.log(count));
  const chosen = [rng.int(0, passes.rows)];
  let distances = await passes.nearer(chosen[0]!, new Float32Array(passes.rows).fill(FAR));
  while (chosen.length < count) {
    for (const row of chosen) distances[row] = 0; // rounding must not choose one twice
    const total = sum(distances);
    if (!Number.isFinite(total)) throw notFinite();
    const candidates =
      total > 0 ? Array.from({ length: tries }, () => weighted(distances, rng.uniform(0, total))) : [other(chosen)];
    let best: { readonly row: number; readonly left: Float32Array; readonly total: number } | undefined;
    for (const row of new Set(candidates)) {
      const left = await passes.nearer(row, distances);
      const one = { row, left, total: sum(left) };
      if (!best || one.total < best.total) best = one;
    }
    chosen.push(best!.row);
    distances = best!.left;
  }
  return chosen;
}

function weighted(weights: Float32Array, place: number): number {
  let left = place;
  let last = 0;
  for (const [i, weight] of weights.entries()) {
    if (weight === 0) continue;
    last = i;
    left -= weight;
    if (left < 0) break;
  }
  return last;
}

/** Where all rows are copies of those chosen: the first that is not chosen. */
function other(chosen: readonly number[]): number {
  const taken = new Set(chosen);
  return Array.from({ length: chosen.length + 1 }, (_, i) => i).find(row => !taken.has(row))!;
}

export function sum(values: Float32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

export function notFinite(): DataError {
  return new DataError('kMeans: features must be finite numbers; got NaN or infinity; look at how they were made');
}
