import {
  l2Normalize,
  type Members,
  normal,
  type Rng,
  stepContext,
  stopGradient,
  type Tensor,
  tf,
  type Variable,
} from '@ssl/core';
import { variable } from '@ssl/core/nn';
import { type DeepClusterConfig, REMEMBERED_VIEWS } from './config.ts';

/** What lasts from epoch to epoch: projections by image, and the clusters that they were found in. */
export interface Memory {
  readonly members: Members;
  /** Images. */
  readonly size: number;
  /** Of each head, `[K, P]`: the centroids, unit vectors. */
  readonly centroids: readonly Variable[];
  /** Of each head, `[size]` int32. */
  readonly assignments: readonly Variable[];
  /** Scalar: the share of images in the largest cluster of any head. */
  readonly largest: Variable;
  /** Projections of the first `count` images in one of the remembered views, `[count, P]`. */
  rows(view: number, count: number): Tensor;
  /** Puts in the projections of images, those of every rank. @param embeddings of the remembered views, `[B, P]` each @param indices `[B]` int32 */
  remember(embeddings: readonly Tensor[], indices: Tensor): void;
  /** The same projections for all remembered views of all images. @param values `[count, P]`, count at most the size */
  fill(values: Float32Array): void;
}

export function memoryOf({ projectionDim: P, clusters, images }: DeepClusterConfig, rng: Rng): Memory {
  const size = Math.max(1, images);
  const buffer = { kind: 'buffer' } as const;
  const embeddings = variable(() => tf.zeros([size, REMEMBERED_VIEWS * P]), buffer);
  const centroids = clusters.map(K => variable(() => l2Normalize(normal(rng, [K, P])), buffer));
  const assignments = clusters.map(K =>
    variable(() => tf.mod(tf.range(0, size, 1, 'int32'), tf.scalar(K, 'int32')), buffer),
  );
  const largest = variable(() => tf.scalar(0), buffer);
  const perHead = (name: string, variables: readonly Variable[]): Members =>
    Object.fromEntries(variables.map((each, i) => [`${name}${i}`, each]));
  return {
    members: {
      memory: embeddings,
      ...perHead('centroids', centroids),
      ...perHead('assignments', assignments),
      largestCluster: largest,
    },
    size,
    centroids,
    assignments,
    largest,
    rows: (view, count) => tf.tidy(() => tf.slice(embeddings.read(), [0, view * P], [count, P])),
    remember(given, indices) {
      const { world } = stepContext();
      const rows = world.gather(stopGradient(tf.concat([...given], 1))); //   [B · ranks, views · P]
      const attributes = { dtype: { dtype: 'float32' }, Tindices: { dtype: 'int32' } } as const;
      embeddings.update('ResourceScatterUpdate', [world.gather(indices), rows], attributes);
    },
    fill(values) {
      const all = embeddings.values() as Float32Array;
      for (let row = 0; row < values.length / P; row++) {
        const own = values.subarray(row * P, (row + 1) * P);
        for (let view = 0; view < REMEMBERED_VIEWS; view++) all.set(own, (row * REMEMBERED_VIEWS + view) * P);
      }
      embeddings.load(all);
    },
  };
}
