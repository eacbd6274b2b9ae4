import type { Backbone } from '../backbones/backbone.ts';
import { ConfigError, DataError, ShapeError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { globalAvgPool } from '../ops/pool.ts';
import { compile } from '../tensor/compile.ts';
import { inContext } from '../tensor/context.ts';
import { fromBytes, pixelTensor } from '../tensor/native.ts';
import type { Tensor } from '../tensor/tf.ts';
import type { FeatureTable } from './feature-table.ts';
import { fullBatches, isPixelRows, type PixelSource } from './pixel-rows.ts';

export interface ExtractorOptions {
  /** `[B, H, W, C]` prepared images → `[B, D]`: a method's `embed`, a backbone, or a `stageEmbedding`. */
  readonly embed: (images: Tensor) => Tensor;
  /** `[B, H, W, C]`, 0 to 1, → what `embed` takes: the normalisation of the training views, say. Default: as they are. */
  readonly prepare?: (images: Tensor) => Tensor;
  /** Pictures that go through the network at once. Default 128. */
  readonly batchSize?: number;
}

/** Called after each batch; `total` is there where the source says how many pictures it has. */
export type ExtractProgress = (done: number, total: number | undefined) => void;

export interface FeatureExtractor {
  /** @returns `[N, D]`, in the order of the pictures. */
  (images: PixelSource, onProgress?: ExtractProgress): Promise<FeatureTable>;
  /** Frees the graph. */
  dispose(): void;
}

const BATCH_SIZE = 128;

/**
 * A way from pictures to features, in evaluation mode and without augmentation. It keeps its graph and reads the weights anew
 * at each call, so one serves a whole training run. Memory grows by the features alone: pictures go through in batches of one shape.
 *
 * Calls throw `DataError` when there is no picture or their sizes differ, `ShapeError` when `embed` gives no rows of features.
 * @throws ConfigError when the batch size is no positive whole number.
 */
export function featureExtractor(options: ExtractorOptions): FeatureExtractor {
  const { embed, prepare = images => images, batchSize = BATCH_SIZE } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ConfigError(`extractFeatures: batchSize must be a positive whole number; got ${batchSize}`);
  }
  const graph = compile(
    (bytes: Tensor) => inContext({ training: false }, () => checkRows(embed(prepare(fromBytes(bytes).div(255))))),
    'extract_features',
  );
  const extract = async (images: PixelSource, onProgress?: ExtractProgress): Promise<FeatureTable> => {
    const total = isPixelRows(images) ? images.count : undefined;
    const table = new GrowingTable(total);
    for await (const { data, shape, rows } of fullBatches(images, Math.min(batchSize, total ?? batchSize))) {
      const batch = pixelTensor(data, shape);
      const features = await graph(batch).finally(() => batch.dispose());
      table.append(features, rows);
      features.dispose();
      onProgress?.(table.rows, total);
    }
    return table.finish();
  };
  return Object.assign(extract, { dispose: () => graph.dispose() });
}

/** One use of a `featureExtractor`. */
export async function extractFeatures({
  images,
  onProgress,
  ...options
}: ExtractorOptions & { readonly images: PixelSource; readonly onProgress?: ExtractProgress }): Promise<FeatureTable> {
  const extract = featureExtractor(options);
  try {
    return await extract(images, onProgress);
  } finally {
    extract.dispose();
  }
}

/**
 * Features of any depth: the feature maps of a stage, averaged over height and width, `[B, H, W, C]` → `[B, D]`.
 * What it returns throws `ConfigError` when the backbone has no such stage.
 * @param stage a name from `backbone.stages`: `layer3`, say.
 */
export function stageEmbedding(backbone: Pick<Backbone, 'name' | 'stages'>, stage: string): (images: Tensor) => Tensor {
  return images => {
    const stages = backbone.stages(images);
    const maps = stages[stage];
    if (maps) return globalAvgPool(maps);
    const names = Object.keys(stages);
    throw new ConfigError(
      `stageEmbedding: ${backbone.name} has the stages ${names.join(', ')}; got '${stage}'${suffix(didYouMean(stage, names))}`,
    );
  };
}

function suffix(hint: string): string {
  return hint && `; ${hint}`;
}

function checkRows(features: Tensor): Tensor {
  if (features.rank === 2) return features;
  throw new ShapeError(
    `extractFeatures: embed must give one row of features for each picture, [B, D]; got [${features.shape}]; ` +
      'pool feature maps first, as stageEmbedding does',
  );
}

/** Rows put together on the host. */
class GrowingTable {
  rows = 0;
  #values = new Float32Array(0);
  #dim = 0;
  readonly #expected: number;

  constructor(expected = 0) {
    this.#expected = expected;
  }

  /** The first `rows` of a `[B, D]` tensor. */
  append(features: Tensor, rows: number): void {
    this.#dim = features.shape[1]!;
    const used = this.rows * this.#dim;
    const needed = used + rows * this.#dim;
    if (needed > this.#values.length) {
      const grown = new Float32Array(Math.max(needed, this.#expected * this.#dim, 2 * used));
      grown.set(this.#values.subarray(0, used));
      this.#values = grown;
    }
    this.#values.set(features.dataSync<'float32'>().subarray(0, rows * this.#dim), used);
    this.rows += rows;
  }

  finish(): FeatureTable {
    if (this.rows === 0) throw new DataError('extractFeatures: there must be at least one picture; got none');
    const used = this.rows * this.#dim;
    return { features: used === this.#values.length ? this.#values : this.#values.slice(0, used), dim: this.#dim };
  }
}
