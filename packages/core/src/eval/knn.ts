import { ConfigError, DataError } from '../errors.ts';
import type { Metric } from './comparison.ts';
import { type Features, tableShape } from './feature-table.ts';
import { type NeighbourOptions, type Neighbours, nearestNeighbours } from './neighbours.ts';

export interface VoteOptions {
  /** How many of the neighbours vote: the first k. Default: all. */
  readonly k?: number;
  /** `exp` (default): a neighbour counts exp(similarity / temperature). `uniform`: all count alike. */
  readonly weights?: 'exp' | 'uniform';
  /**
   * Lower = only the nearest count. Default 0.07, as in Wu et al. (arXiv:1805.01978) and DINO's `eval_knn.py`;
   * lightly's `knn_predict` has 0.1.
   */
  readonly temperature?: number;
  /** How many classes there are. Default: the largest label and one. */
  readonly classes?: number;
}

/** Features with the class of each row, 0 … classes − 1. */
export interface LabelledFeatures {
  readonly features: Features;
  readonly labels: ArrayLike<number>;
}

export interface KnnOptions extends VoteOptions, NeighbourOptions {
  readonly train: LabelledFeatures;
  readonly test: Features;
  readonly k: number;
  /** Default `cosine`. With `euclidean` and `exp`, see {@link Neighbours.similarities}. */
  readonly metric?: Metric;
}

export interface KnnResult {
  /** `[M]`, a class for each test row. */
  readonly predictions: Int32Array;
  /** `[M, k]`, rows of the training features, best first. */
  readonly neighbours: Int32Array;
  /** `[M, k]`, as in {@link Neighbours}. */
  readonly similarities: Float32Array;
}

const TEMPERATURE = 0.07;

/**
 * Classifies each test row by its `k` nearest training rows: weighted kNN (arXiv:1805.01978), or 1-NN with `k: 1`.
 *
 * Ties: among equally similar rows the lower one is the neighbour (scikit-learn leaves this open, and says so); among classes
 * with equal votes the lowest wins (as in scikit-learn).
 * @throws ConfigError for a `k`, temperature or number of classes out of range.
 * @throws DataError when labels and rows differ in number, or a label is no class.
 */
export async function knnClassify({ train, test, k, metric, scoreBudget, ...vote }: KnnOptions): Promise<KnnResult> {
  const { rows } = tableShape('knnClassify: train', train.features);
  checkVote(vote);
  countClasses('knnClassify: train', train.labels, rows, vote.classes);
  const options = { ...(metric && { metric }), ...(scoreBudget && { scoreBudget }) };
  const found = await nearestNeighbours(test, train.features, k, options);
  return {
    predictions: voteNeighbours(found, train.labels, vote),
    neighbours: found.indices,
    similarities: found.similarities,
  };
}

/**
 * Share of the test rows, 0 to 1, that `knnClassify` puts into the right class.
 * @throws DataError when labels and rows differ in number.
 */
export async function knnAccuracy({
  test,
  ...options
}: Omit<KnnOptions, 'test'> & { readonly test: LabelledFeatures }): Promise<number> {
  const { rows } = tableShape('knnAccuracy: test', test.features);
  countClasses('knnAccuracy: test', test.labels, rows, undefined);
  const { predictions } = await knnClassify({ ...options, test: test.features });
  return accuracy(predictions, test.labels);
}

/**
 * The class that wins among the first `k` neighbours of each query. One search serves several `k`.
 * @param labels the class of each row of the gallery.
 * @returns `[M]`.
 */
export function voteNeighbours(found: Neighbours, labels: ArrayLike<number>, options: VoteOptions = {}): Int32Array {
  const { k = found.k, weights = 'exp', temperature = TEMPERATURE } = options;
  checkVote(options);
  if (!(k >= 1 && k <= found.k && Number.isInteger(k))) {
    throw new ConfigError(
      `voteNeighbours: k must be a whole number from 1 to the ${found.k} neighbours found; got ${k}`,
    );
  }
  const votes = new Float64Array(countClasses('voteNeighbours', labels, labels.length, options.classes));
  return Int32Array.from({ length: found.indices.length / found.k }, (_, query) => {
    const first = query * found.k;
    const voters = Array.from(found.indices.subarray(first, first + k), row => labels[row]!);
    voters.forEach((label, place) => {
      // Less the best similarity, which changes no winner and keeps the exponential in range.
      const lead = found.similarities[first + place]! - found.similarities[first]!;
      votes[label]! += weights === 'exp' ? Math.exp(lead / temperature) : 1;
    });
    const winner = voters.reduce((best, label) => heavier(votes, label, best));
    for (const label of voters) votes[label] = 0;
    return winner;
  });
}

function heavier(votes: Float64Array, a: number, b: number): number {
  const lead = votes[a]! - votes[b]!;
  return lead > 0 || (lead === 0 && a < b) ? a : b;
}

/** Share of equal entries, 0 to 1. */
export function accuracy(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  if (predictions.length !== labels.length || labels.length === 0) {
    throw new DataError(
      `accuracy: there must be one prediction for each label; got ${predictions.length} for ${labels.length}`,
    );
  }
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (predictions[i] === labels[i]) right++;
  return right / labels.length;
}

function checkVote({ temperature = TEMPERATURE, classes }: VoteOptions): void {
  if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new ConfigError(`knnClassify: temperature must be a positive number; got ${temperature}`);
  }
  if (classes !== undefined && !(Number.isInteger(classes) && classes > 0)) {
    throw new ConfigError(`knnClassify: classes must be a positive whole number; got ${classes}`);
  }
}

/** How many classes the labels speak of; checks that there is one for each row. */
export function countClasses(
  who: string,
  labels: ArrayLike<number>,
  rows: number,
  classes: number | undefined,
): number {
  if (labels.length !== rows) {
    throw new DataError(`${who}: there must be one label for each row; got ${labels.length} labels for ${rows} rows`);
  }
  let most = -1;
  for (let row = 0; row < rows; row++) {
    const label = labels[row]!;
    if (!Number.isInteger(label) || label < 0 || label >= (classes ?? Number.POSITIVE_INFINITY)) {
      const rule = `must be a whole number from 0${classes === undefined ? '' : ` to ${classes - 1}`}`;
      throw new DataError(`${who}: a label ${rule}; got ${label} in row ${row}; leave unlabelled pictures out`);
    }
    if (label > most) most = label;
  }
  return classes ?? most + 1;
}
