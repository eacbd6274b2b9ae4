/** How good features are: find the icon by another designer that shows the same thing. */
import type { Method } from '@ssl/core';
import type { PackedPixels } from '@ssl/core/data';
import { type FeatureTable, type KnnResult, knnClassify } from '@ssl/core/eval';
import { methodExtractor } from '@ssl/core/train';

export interface Icons {
  readonly train: PackedPixels;
  readonly test: PackedPixels;
}

export interface Score {
  readonly found: KnnResult;
  /** Share of the test icons whose nearest training icon shows the same thing. */
  readonly accuracy: number;
}

/** How many neighbours the pictures show. */
const SHOWN = 8;

export async function scoreOf(
  { train, test }: Icons,
  features: { train: FeatureTable; test: FeatureTable },
): Promise<Score> {
  const found = await knnClassify({
    train: { features: features.train, labels: train.labels! },
    test: features.test,
    k: SHOWN,
  });
  const right = test.labels!.filter((label, i) => train.labels![found.neighbours[i * SHOWN]!] === label);
  return { found, accuracy: right.length / test.count };
}

/** Features of both splits by a method's backbone. */
export async function featuresOf(
  method: Method,
  { train, test }: Icons,
): Promise<{ train: FeatureTable; test: FeatureTable }> {
  const extract = methodExtractor(method);
  try {
    return { train: await extract(train), test: await extract(test) };
  } finally {
    extract.dispose();
  }
}
