/** What is measured beside the loss, at the end of every epoch, without touching what is trained. */
import { drawViews, type Loader } from '../data/index.ts';
import { collapseMeter, type FeatureExtractor, featureExtractor } from '../eval/index.ts';
import { evaluationPlan, type Method } from '../method/index.ts';
import { rngFromSeed } from '../tensor/rng.ts';
import type { Tensor } from '../tensor/tf.ts';

/** Images whose features are looked at: RankMe is at most this, and costs D² for each. */
const SAMPLE = 1024;
/** Images that go through the network at once. */
const BLOCK = 128;

export interface Monitor {
  /** RankMe and the spread of the features of a fixed sample, in evaluation mode; NaN when a feature is not finite. */
  measure(): Promise<{ rankMe: number; evaluationFeatureStd: number }>;
  /** Features of every image, `[N, D]`; those of unreadable ones are of a black image. @param embed default: the method's */
  allFeatures(embed?: (images: Tensor) => Tensor): Promise<Float32Array>;
  dispose(): void;
}

export async function monitorOf(method: Method, loader: Loader): Promise<Monitor> {
  const sample = await loader.pictures(spread(loader.size, SAMPLE));
  const batchSize = Math.min(BLOCK, loader.size); // one shape for the sample and for all
  const extract = methodExtractor(method, method.embed, { batchSize });
  const signals = collapseMeter();
  return {
    async measure() {
      const table = await extract(sample);
      if (!measurable(table.features)) return { rankMe: Number.NaN, evaluationFeatureStd: Number.NaN };
      const { rankMe, featureStd } = await signals(table);
      return { rankMe, evaluationFeatureStd: featureStd };
    },
    async allFeatures(embed) {
      const chosen = embed ? methodExtractor(method, embed, { batchSize }) : extract;
      try {
        return (await chosen(loader.everything(batchSize))).features;
      } finally {
        if (embed) chosen.dispose();
      }
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
  options: { readonly batchSize?: number } = {},
): FeatureExtractor {
  const plan = evaluationPlan(method.views);
  const prepare = (images: Tensor): Tensor => drawViews(plan, images.mul(255), { rng: rngFromSeed(0) })[0]!;
  return featureExtractor({ embed, prepare, ...options });
}

/** Features whose squares float32 can add up: those of a run that diverges soon cannot. */
function measurable(features: Float32Array): boolean {
  return features.every(value => Math.abs(value) < 1e15);
}

/** Up to `count` places spread evenly over `size`. */
export function spread(size: number, count: number): Uint32Array {
  const length = Math.min(size, count);
  return Uint32Array.from({ length }, (_, i) => Math.floor((i * size) / length));
}
