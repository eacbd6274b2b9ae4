import { matMul, ShapeError, stopGradient, type Tensor, tf } from '@ssl/core';

/** Rows of the support set that are compared at once. */
const TILE = 4096;

export interface Neighbours {
  /** `[B]` int32, rows of the support set; the first of equal ones. */
  readonly places: Tensor;
  /** `[B, P]` */
  readonly rows: Tensor;
}

/**
 * The nearest neighbour of each row in a support set, by cosine similarity. Without a gradient, and without the `[B, K]` similarities.
 * @param rows `[B, P]`, of any length
 * @param support `[K, P]`, rows of length 1
 * @throws ShapeError when widths differ or the support set is empty
 */
export function nearestNeighbours(rows: Tensor, support: Tensor): Neighbours {
  const size = support.shape[0] ?? 0;
  if (rows.rank !== 2 || support.rank !== 2 || rows.shape[1] !== support.shape[1] || size === 0) {
    throw new ShapeError(
      `nearestNeighbours: takes [B, P] and [K, P] with K at least 1; got [${rows.shape}] and [${support.shape}]`,
    );
  }
  const [from, to] = [stopGradient(rows), stopGradient(support)];
  const starts = Array.from({ length: Math.ceil(size / TILE) }, (_, i) => i * TILE);
  const tiles = starts.map(first =>
    bestOf(matMul(from, tf.slice(to, first, Math.min(TILE, size - first)), false, true), first),
  );
  const best = tiles.reduce((a, b) => {
    const better = b.similarity.greater(a.similarity);
    return { similarity: tf.maximum(a.similarity, b.similarity), places: tf.where(better, b.places, a.places) };
  });
  return { places: best.places, rows: tf.gather(to, best.places) };
}

interface Best {
  readonly similarity: Tensor;
  readonly places: Tensor;
}

function bestOf(similarities: Tensor, first: number): Best {
  const places = similarities.argMax(1).add(tf.scalar(first, 'int32')) as Tensor;
  return { similarity: similarities.max(1), places };
}
