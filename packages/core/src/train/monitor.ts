/** What is measured beside the loss, at the end of every epoch, without touching what is trained. */
import { drawViews, type PackedPixels } from '../data/index.ts';
import { collapseMeter, type FeatureExtractor, featureExtractor } from '../eval/index.ts';
import { evaluationPlan, type Method } from '../method/index.ts';
import { rngFromSeed } from '../tensor/rng.ts';
import type { Tensor } from '../tensor/tf.ts';
import { allFinite } from './failure.ts';

/** Images whose features are looked at: RankMe is at most this, and costs D² for each. */
const SAMPLE = 1024;

export interface Monitor {
  /** RankMe and the spread of the features of a fixed sample, in evaluation mode; NaN when a feature is not finite. */
  measure(): Promise<{ rankMe: number; evaluationFeatureStd: number }>;
  /** Features of every image, `[N, D]`. */
  allFeatures(): Promise<Float32Array>;
  dispose(): void;
}

export function monitorOf(method: Method, pixels: PackedPixels): Monitor {
  const extract = methodExtractor(method);
  const signals = collapseMeter();
  const sample = sampleOf(pixels);
  return {
    async measure() {
      const table = await extract(sample);
      if (!allFinite(table.features)) return { rankMe: Number.NaN, evaluationFeatureStd: Number.NaN };
      const { rankMe, featureStd } = await signals(table);
      return { rankMe, evaluationFeatureStd: featureStd };
    },
    async allFeatures() {
      return (await extract(pixels)).features;
    },
    dispose() {
      extract.dispose();
      signals.dispose();
    },
  };
}

/** From pixels to the features of a method's backbone, prepared as its views are. Frees its graph on `dispose`. */
export function methodExtractor(
  method: Pick<Method, 'views' | 'embed'>,
  embed: (images: Tensor) => Tensor = method.embed,
): FeatureExtractor {
  const plan = evaluationPlan(method.views);
  const prepare = (images: Tensor): Tensor => drawViews(plan, images.mul(255), { rng: rngFromSeed(0) })[0]!;
  return featureExtractor({ embed, prepare });
}

/** Rows spread evenly over the data. */
function sampleOf({ data, count, size, channels }: PackedPixels): {
  data: Uint8Array;
  count: number;
  size: number;
  channels: number;
} {
  const bytes = size * size * channels;
  const rows = Math.min(count, SAMPLE);
  const picked = new Uint8Array(rows * bytes);
  for (let i = 0; i < rows; i++) {
    const from = Math.floor((i * count) / rows) * bytes;
    picked.set(data.subarray(from, from + bytes), i * bytes);
  }
  return { data: picked, count: rows, size, channels };
}
