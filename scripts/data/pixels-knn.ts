/** Nearest neighbours on pixels: what can be done without learning. */
import { type Dataset, loadPixels } from '../../packages/core/src/data/index.ts';

/** Pictures as unit vectors with mean 0, over all values of a picture. */
export async function centred(dataset: Dataset, size: number): Promise<Float32Array[]> {
  const { data, count } = await loadPixels(dataset, { size });
  const values = size * size * dataset.channels;
  return Array.from({ length: count }, (_, i) => {
    const pixels = Float32Array.from(data.subarray(i * values, (i + 1) * values));
    const mean = pixels.reduce((a, b) => a + b, 0) / pixels.length;
    const length = Math.hypot(...pixels.map(value => value - mean));
    return pixels.map(value => (value - mean) / length);
  });
}

export interface Neighbour {
  readonly index: number;
  /** Cosine. */
  readonly similarity: number;
}

/** The `k` most similar of `known`, best first. */
export function mostSimilar(picture: Float32Array, known: readonly Float32Array[], k: number): Neighbour[] {
  const best: Neighbour[] = [];
  for (let index = 0; index < known.length; index++) {
    const similarity = dot(picture, known[index]!);
    if (best.length === k && similarity <= best[k - 1]!.similarity) continue;
    const place = best.findIndex(other => other.similarity < similarity);
    best.splice(place < 0 ? best.length : place, 0, { index, similarity });
    best.length = Math.min(best.length, k);
  }
  return best;
}

/** The class with the greatest sum of similarities. */
export function vote(neighbours: readonly Neighbour[], labels: Int32Array): number {
  const sums = new Map<number, number>();
  for (const { index, similarity } of neighbours) {
    sums.set(labels[index]!, (sums.get(labels[index]!) ?? 0) + similarity);
  }
  return [...sums].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
}

/** Four sums at a time, which the processor can overlap. */
function dot(a: Float32Array, b: Float32Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  return s0 + s1 + s2 + s3;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
