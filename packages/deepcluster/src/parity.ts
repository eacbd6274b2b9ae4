/** DeepCluster v2 and k-means against their references: rows of docs/parity.md, and tests. */
import { type Tensor, tf } from '@ssl/core';
import {
  type FixtureTensor,
  lossParity,
  type Parity,
  type ParityCase,
  readFixture,
  relativeError,
} from '@ssl/core/testing';
import { type Clustering, deepClusterLoss, kMeans } from './index.ts';

interface Clustered {
  readonly name: string;
  readonly reference: string;
  readonly metric: 'euclidean' | 'cosine';
  readonly iterations: number;
  readonly features: FixtureTensor;
  readonly init: FixtureTensor;
  readonly centroids: FixtureTensor;
  readonly assignments: FixtureTensor;
  readonly inertia: number;
}

interface Inertia {
  readonly name: string;
  readonly reference: string;
  readonly metric: 'euclidean' | 'cosine';
  readonly clusters: number;
  readonly init: 'k-means++' | 'random';
  readonly features: FixtureTensor;
  /** The mean over the reference's seeds. */
  readonly inertia: number;
}

const { losses, clustered, inertias } = readFixture<{
  losses: readonly {
    readonly name: string;
    readonly temperature: number;
    readonly scores: readonly FixtureTensor[];
    readonly assignments: readonly FixtureTensor[];
    readonly loss: number;
    readonly gradients: readonly FixtureTensor[];
  }[];
  clustered: readonly Clustered[];
  inertias: readonly Inertia[];
}>(import.meta.url, 'deepcluster.json');

const table = ({ shape, data }: FixtureTensor) => ({ features: Float32Array.from(data), dim: shape[1]! });

function fromSameStart(given: Clustered): ParityCase[] {
  let found: Promise<Clustering> | undefined;
  const end = (): Promise<Clustering> =>
    (found ??= kMeans(table(given.features), {
      ...{ clusters: given.init.shape[0]!, metric: given.metric, iterations: given.iterations },
      init: table(given.init),
    }));
  const one = (what: string, difference: (of: Clustering) => number): ParityCase => ({
    ...{ what: `kMeans, ${given.name}, ${what}`, quantity: 'trajectory', reference: given.reference },
    difference: async () => difference(await end()),
  });
  return [
    one('centroids', ({ centroids }) =>
      relativeError(tf.tensor2d(centroids.features, given.centroids.shape as [number, number]), given.centroids),
    ),
    one(
      'rows in other clusters',
      ({ assignments }) => assignments.filter((k, i) => k !== given.assignments.data[i]).length,
    ),
    one('inertia', ({ inertia }) => Math.abs(inertia / given.inertia - 1)),
  ];
}

/** Seeds here whose mean is compared. */
const SEEDS = 8;

function asGood({ name, reference, metric, clusters, init, features, inertia }: Inertia): ParityCase {
  return {
    what: `kMeans, ${name}, mean inertia of ${SEEDS} seeds above the reference's`,
    quantity: 'trajectory',
    reference,
    tolerance: 0.03,
    reason: 'other random numbers begin elsewhere; what counts is how far it comes down',
    difference: async () => {
      let total = 0;
      for (let seed = 0; seed < SEEDS; seed++) {
        total += (await kMeans(table(features), { clusters, metric, init, seed })).inertia / SEEDS;
      }
      return Math.max(0, total / inertia - 1);
    },
  };
}

export const parity: Parity = [
  ...losses.flatMap(({ name, temperature, scores, assignments, loss, gradients }) =>
    lossParity({
      what: `deepClusterLoss, ${name}`,
      reference: 'facebookresearch/swav main_deepclusterv2.py, in PyTorch',
      loss: (...given: Tensor[]) =>
        deepClusterLoss(
          given,
          assignments.map(each => tf.tensor1d([...each.data], 'int32')),
          { temperature },
        ),
      inputs: scores,
      expected: { loss, gradients },
    }),
  ),
  ...clustered.flatMap(fromSameStart),
  ...inertias.map(asGood),
];
