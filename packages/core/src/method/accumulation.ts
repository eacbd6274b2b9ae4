/** Gradient accumulation: where the loss is the mean over images, its gradient is the mean of the parts' gradients. */
import { compile } from '../tensor/compile.ts';
import { valueAndGradients } from '../tensor/gradients.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { leaves } from '../tensor/tree.ts';
import { type Variable, withoutWrites } from '../tensor/variable.ts';
import { featureMetrics } from './feature-metrics.ts';
import { encodePart, type PartsRun } from './gradient-cache.ts';
import type { Method, StepResult } from './method.ts';
import { type GradientSums, inPart, type PartInput, partOf } from './micro-batch.ts';
import type { StepInput } from './train-step.ts';
import { keepAll, type Learner, progressOf } from './update.ts';

type PartResult = {
  /** Shares of the batch's metrics: their sum over the parts is the mean. */
  readonly shares: Readonly<Record<string, Tensor>>;
  /** `[N, D]`, or none */
  readonly features: readonly Tensor[];
};

/** One pass a part: the whole step of a method, with nothing kept from part to part but the sums. */
export function accumulation(learner: Learner, sums: GradientSums, size: number): PartsRun {
  const { method, trained } = learner;
  const variables = [...trained.values()];
  const forwardBackward = compile((part: PartInput): PartResult => {
    const share = size / part.input.indices.shape[0]!;
    return inPart(part, () => {
      const batch = partOf(method, part, size);
      let result: StepResult | undefined;
      const { value, gradients } = valueAndGradients(() => {
        result = keepAll(method.step(batch, progressOf(part.input)));
        return result.loss.mul(share);
      }, variables);
      sums.add(gradients);
      const { features, metrics = {} } = result!;
      const own = Object.entries(metrics).map(([name, metric]) => [name, metric.mul(share)] as const);
      return { shares: { loss: value, ...Object.fromEntries(own) }, features: features ? [features] : [] };
    });
  }, `${method.name}_part`);
  const watch = compile(
    (features: readonly Tensor[], input: Pick<StepInput, 'labels' | 'fraction'>) =>
      featureMetrics(learner, features[0], input, size),
    `${method.name}_features`,
  );
  return {
    async run(parts) {
      const results: PartResult[] = [];
      try {
        for (const part of parts) results.push(await forwardBackward(part));
        const { loss, ...own } = summed(results);
        const features = results.flatMap(each => each.features);
        if (features.length === 0 && !learner.probe) return { loss: loss!, ...own };
        const all = features.length === 0 ? [] : [tf.concat(features)];
        const { labels, fraction } = parts[0]!.input;
        const seen = await watch(all, { labels, fraction }).finally(() => tf.dispose(all));
        return { loss: loss!, ...seen, ...own };
      } finally {
        tf.dispose(leaves(results));
      }
    },
    get graphs() {
      return forwardBackward.graphs + watch.graphs;
    },
    dispose() {
      forwardBackward.dispose();
      watch.dispose();
    },
  };
}

function summed(results: readonly PartResult[]): Record<string, Tensor> {
  const names = Object.keys(results[0]!.shares);
  return Object.fromEntries(names.map(name => [name, tf.addN(results.map(({ shares }) => shares[name]!))]));
}

/**
 * Whether a method's loss changes variables (a queue, a centre, the statistics of a norm): then it is no mean over parts, since the loss of a part
 * would see what the part before it left. Found out by running it on one part with every write left out.
 */
export async function lossWrites(method: Method, part: PartInput, size: number): Promise<boolean> {
  const written = new Set<Variable>();
  const probe = compile((given: PartInput) =>
    inPart(given, () => {
      const { views: _, ...batch } = partOf(method, given, size);
      const encoded = withoutWrites(() => encodePart(method, given, size));
      const loss = () => method.parts!.loss(encoded, { ...batch, views: [] }, progressOf(given.input));
      withoutWrites(loss, variable => written.add(variable));
      return {};
    }),
  );
  try {
    await probe(part);
    return written.size > 0;
  } finally {
    probe.dispose();
  }
}
