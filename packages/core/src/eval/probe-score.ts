/** How well linear classifiers do on rows that they were not trained on. */
import { linearCrossEntropy } from '../ops/linear-classifier.ts';
import { compile } from '../tensor/compile.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import type { LinearWeights, ProbeRows } from './probe-rows.ts';
import { topK } from './top-k.ts';

/** Some rows on the engine. */
export type RowBlock = {
  /** `[n, D]` */
  readonly x: Tensor;
  /** `[n]` int32, in `[0, K)`: 0 for a class that has no column */
  readonly columns: Tensor;
};

export interface Outcome {
  /** `[N, best]`, the columns of the classes that are most likely, best first. */
  readonly columns: Int32Array;
  readonly best: number;
  /** Share of rows whose class comes first. */
  readonly top1: number;
  /** Share of rows whose class is among the first `best`. */
  readonly topBest: number;
  /** Mean cross-entropy, good where every class has a column; not finite when the classifier has diverged. */
  readonly loss: number;
}

/** Logits of one block, at most. */
const BUDGET = 2 ** 24;
/** Top-5, as on ImageNet. */
const BEST = 5;

/** The rows in blocks whose logits have a bounded size. @param width logits a row */
export function blocksOf({ features, columns, dim }: ProbeRows, width: number): RowBlock[] {
  const rows = Math.max(1, Math.floor(BUDGET / width));
  const blocks: RowBlock[] = [];
  for (let first = 0; first < columns.length; first += rows) {
    const own = columns.subarray(first, first + rows).map(column => Math.max(0, column));
    const x = tf.tensor2d(features.subarray(first * dim, (first + rows) * dim), [own.length, dim]);
    blocks.push({ x, columns: tf.tensor1d(own, 'int32') });
  }
  return blocks;
}

export function disposeBlocks(blocks: readonly RowBlock[]): void {
  for (const block of blocks) tf.dispose(block);
}

/** The outcome of each classifier on the same rows. */
export async function outcomes(rows: ProbeRows, classifiers: readonly LinearWeights[]): Promise<Outcome[]> {
  const blocks = blocksOf(rows, rows.classes);
  const best = Math.min(BEST, rows.classes);
  const graph = compile(({ x, columns }: RowBlock, classifier: Record<'weight' | 'bias', Tensor>) => {
    const { losses, logits } = linearCrossEntropy(x, columns, classifier);
    // Sorting needs an order, and NaN has none.
    const sound = tf.where(tf.isFinite(logits), logits, tf.fill(logits.shape, -3e38));
    return { losses: losses.reshape([-1]), indices: topK(sound, best).indices };
  }, 'linear_probe_score');
  const outcome = async ({ weight, bias }: LinearWeights): Promise<Outcome> => {
    const classifier = { weight: tf.tensor2d(weight, [rows.dim, rows.classes]), bias: tf.tensor1d(bias) };
    const losses = new Float32Array(rows.columns.length);
    const columns = new Int32Array(losses.length * best);
    try {
      let done = 0;
      for (const block of blocks) {
        const found = await graph(block, classifier);
        losses.set(found.losses.dataSync<'float32'>(), done);
        columns.set(found.indices.dataSync<'int32'>(), done * best);
        done += block.x.shape[0]!;
        tf.dispose(found);
      }
    } finally {
      tf.dispose(classifier);
    }
    return summary(rows.columns, columns, best, losses);
  };
  try {
    const all: Outcome[] = [];
    for (const classifier of classifiers) all.push(await outcome(classifier));
    return all;
  } finally {
    graph.dispose();
    disposeBlocks(blocks);
  }
}

function summary(truth: Int32Array, columns: Int32Array, best: number, losses: Float32Array): Outcome {
  let [first, among, loss] = [0, 0, 0];
  truth.forEach((column, row) => {
    const place = columns.subarray(row * best, (row + 1) * best).indexOf(column);
    if (place === 0) first++;
    if (place >= 0) among++;
    loss += losses[row]!;
  });
  return { columns, best, top1: first / truth.length, topBest: among / truth.length, loss: loss / truth.length };
}
