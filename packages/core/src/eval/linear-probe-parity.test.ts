import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { batches, epochOrder } from '../data/sampler.ts';
import type { FeatureTable } from './feature-table.ts';
import { linearProbe } from './linear-probe.ts';

interface Packed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Labelled {
  readonly features: Packed;
  readonly labels: readonly number[];
}
interface Reference {
  readonly weight: Packed;
  readonly bias: Packed;
}
interface Fixture {
  readonly train: Labelled;
  readonly test: Labelled;
  readonly lbfgs: readonly (Reference & {
    readonly l2: number;
    readonly loss: number;
    readonly predictions: readonly number[];
    readonly accuracy: number;
  })[];
  readonly epochs: number;
  readonly sgd: readonly (Reference & { readonly learningRate: number; readonly weightDecay: number })[];
}
interface Rows {
  readonly features: FeatureTable;
  readonly labels: Int32Array;
}

const fixture = JSON.parse(
  await readFile(new URL('__fixtures__/linear-probe.json', import.meta.url), 'utf8'),
) as Fixture;
const unpack = ({ features: { shape, data }, labels }: Labelled): Rows => ({
  features: { features: Float32Array.from(data), dim: shape[1]! },
  labels: Int32Array.from(labels),
});
const train = unpack(fixture.train);
const test = unpack(fixture.test);

/** Largest difference, as a share of the largest number. */
function distance(actual: ArrayLike<number>, { data }: Packed): number {
  const most = Math.max(...data.map(Math.abs));
  return Math.max(...data.map((value, i) => Math.abs(value - actual[i]!))) / most;
}

/** SGD with momentum 0.9 from zeros, in float64: the classifier of four classes. */
function descend({ features: { features, dim }, labels }: Rows, order: Uint32Array[], rate: (step: number) => number) {
  const [weight, bias] = [Array<number>(dim * 4).fill(0), Array<number>(4).fill(0)];
  const sums = [...weight, ...bias].fill(0);
  order.forEach((batch, step) => {
    const gradient = sums.map(() => 0);
    for (const row of batch) {
      const x = [...features.subarray(row * dim, (row + 1) * dim)];
      const logits = bias.map((offset, k) => x.reduce((sum, value, d) => sum + value * weight[d * 4 + k]!, offset));
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      logits.forEach((logit, k) => {
        const error = (Math.exp(logit) / total - (labels[row] === k ? 1 : 0)) / batch.length;
        for (let d = 0; d < dim; d++) gradient[d * 4 + k]! += error * x[d]!;
        gradient[dim * 4 + k]! += error;
      });
    }
    sums.forEach((sum, i) => {
      sums[i] = 0.9 * sum + gradient[i]!;
      if (i < dim * 4) weight[i]! -= rate(step) * sums[i]!;
      else bias[i - dim * 4]! -= rate(step) * sums[i]!;
    });
  });
  return { weight, bias };
}

describe.each(fixture.lbfgs)("scikit-learn's logistic regression, l2 $l2", expected => {
  it('has the same classifier, predictions and accuracy', async () => {
    const { classifier, test: scores } = await linearProbe({ train, test, solver: 'lbfgs', l2: [expected.l2] });
    expect(distance(classifier.weight, expected.weight)).toBeLessThan(1e-3);
    expect(distance(classifier.bias, expected.bias)).toBeLessThan(1e-3);
    expect([...scores!.predictions]).toEqual(expected.predictions);
    expect(scores!.top1).toBeCloseTo(expected.accuracy, 9);
  });
});

describe("PyTorch's SGD", () => {
  const { epochs } = fixture;
  const batchSize = train.labels.length;

  it.each(fixture.sgd)('ends with the same numbers, rate $learningRate, decay $weightDecay', async expected => {
    const setting = { learningRates: [expected.learningRate], weightDecays: [expected.weightDecay] };
    const { classifier } = await linearProbe({ train, ...setting, epochs, batchSize });
    expect(distance(classifier.weight, expected.weight)).toBeLessThan(1e-4);
    expect(distance(classifier.bias, expected.bias)).toBeLessThan(1e-4);
  });

  it('takes the batches of each epoch in a new order, and lowers the rate at each step', async () => {
    const setting = { learningRates: [2], epochs: 3, batchSize: 48, seed: 6 };
    const { classifier } = await linearProbe({ train, ...setting, standardize: false });
    const order = [0, 1, 2].flatMap(epoch => batches(epochOrder(160, 6, epoch), 48));
    const { weight, bias } = descend(train, order, step => (2 * 48 * (1 + Math.cos((Math.PI * step) / 9))) / 2 / 256);
    expect(distance(classifier.weight, { shape: [], data: weight })).toBeLessThan(1e-4);
    expect(distance(classifier.bias, { shape: [], data: bias })).toBeLessThan(1e-4);
  });
});
