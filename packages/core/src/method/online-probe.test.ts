import { describe, expect, it } from 'vitest';
import { ShapeError } from '../errors.ts';
import { compile } from '../tensor/compile.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { liveTensors } from '../tensor/variable.ts';
import { apart, meanMethod, sampleMethod, trainSample } from './divided-sample.ts';
import type { Method } from './method.ts';
import { type OnlineProbe, onlineProbe } from './online-probe.ts';

const settings = { learningRate: 0.5, weightDecay: 0, dim: 2, classes: 3 };
const labelled = (labels: number[]): Tensor => tf.tensor1d(labels, 'int32');

/** Metrics of one step outside a graph. */
function stepOf(probe: OnlineProbe, features: number[][], labels: number[], fraction = 0): [number, number] {
  return tf.tidy(() => {
    const { probeLoss, probeAccuracy } = probe.step(tf.tensor2d(features), labelled(labels), tf.scalar(fraction));
    return [probeLoss.dataSync()[0]!, probeAccuracy.dataSync()[0]!];
  });
}

const values = (probe: OnlineProbe): Record<string, number[]> =>
  Object.fromEntries([...probe.state].map(([name, variable]) => [name, [...variable.values()]]));

describe('onlineProbe', () => {
  // Already of mean 0 and variance 1.
  const corners = [
    [1, 1],
    [1, -1],
    [-1, 1],
    [-1, -1],
  ];

  it('starts from zeros and follows the gradient of the rows that have labels', () => {
    const probe = onlineProbe(settings);
    const [loss, accuracy] = stepOf(probe, corners, [0, 1, -1, 2]);
    expect(loss).toBeCloseTo(Math.log(3), 6);
    expect(accuracy).toBeCloseTo(1 / 3, 6); // equal logits: the first class
    const { weight, bias } = values(probe);
    // −rate · mean over the three labelled rows of x · (1/3 − one-hot)
    const expected = [0, 1].flatMap(d =>
      [0, 1, 2].map(k => {
        const rows = [0, 1, 3].map((row, i) => corners[row]![d]! * (1 / 3 - (i === k ? 1 : 0)));
        return (-0.5 * rows.reduce((a, b) => a + b)) / 3;
      }),
    );
    weight!.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
    for (const value of bias!) expect(value).toBeCloseTo(0, 6);
    probe.dispose();
  });

  it('lowers its rate along a cosine, and does nothing at the end or without labels', () => {
    const [first, half, end, none] = [0, 0.5, 1, 0].map((fraction, i) => {
      const probe = onlineProbe(settings);
      const metrics = stepOf(probe, corners, i === 3 ? [-1, -1, -1, -1] : [0, 1, 2, 2], fraction);
      if (i === 3) expect(metrics).toEqual([0, 0]);
      const { weight } = values(probe);
      probe.dispose();
      return weight!;
    });
    first!.forEach((value, i) => {
      expect(half![i]!).toBeCloseTo(value / 2, 6);
    });
    for (const value of [...end!, ...none!]) expect(value).toBeCloseTo(0, 7);
  });

  it('takes the labels once for each view, whatever the scale of the features', () => {
    const [twice, apart] = [onlineProbe(settings), onlineProbe(settings)];
    const rows = [...corners, ...corners.map(([a, b]) => [b!, -a!])];
    stepOf(twice, rows, [0, 1, 2, 0]);
    stepOf(
      apart,
      rows.map(row => row.map(value => 1024 * value)),
      [0, 1, 2, 0, 0, 1, 2, 0],
    );
    expect(values(twice)).toEqual(values(apart));
    expect(Object.keys(values(twice))).toEqual([
      'weight',
      'bias',
      'optimizer.weight.momentum',
      'optimizer.bias.momentum',
    ]);
    for (const probe of [twice, apart]) probe.dispose();
  });

  it('learns in a graph, from collapsed features nothing, and frees all', async () => {
    const before = liveTensors();
    const probe = onlineProbe({ ...settings, dim: 8, classes: 4, learningRate: 0.1 });
    const graph = compile((x: Tensor, y: Tensor) => probe.step(x, y, tf.scalar(0)), 'probe');
    const run = async (features: Tensor, labels: Tensor): Promise<number[]> => {
      const metrics = await graph(features, labels);
      const numbers = [metrics.probeLoss, metrics.probeAccuracy].map(tensor => tensor!.dataSync()[0]!);
      tf.dispose([metrics, features]);
      return numbers;
    };
    const labels = labelled(Array.from({ length: 32 }, (_, row) => row % 4));
    const centres = tf.tidy(() => normal(rngFromSeed(1), [4, 8]).tile([8, 1]));
    const batch = (seed: number): Tensor => tf.tidy(() => normal(rngFromSeed(seed), [32, 8]).mul(0.3).add(centres));
    let last: number[] = [];
    for (let step = 0; step < 30; step++) last = await run(batch(step), labels);
    expect(last[1]).toBe(1);
    const collapsed = await run(tf.ones([32, 8]), labels);
    expect(collapsed[1]).toBeCloseTo(0.25, 5);
    expect(Number.isFinite(collapsed[0])).toBe(true);
    graph.dispose();
    probe.dispose();
    tf.dispose([labels, centres]);
    expect(liveTensors()).toBe(before);
  });

  it('refuses features that are not rows of the backbone', () => {
    const probe = onlineProbe(settings);
    expect(() => stepOf(probe, [[1, 2, 3]], [0])).toThrow(ShapeError);
    expect(() => stepOf(probe, [[1, 2, 3]], [0])).toThrow('must be those of the backbone, [N, 2]; got [1,3]');
    expect(() => stepOf(probe, corners.slice(1), [0, 1])).toThrow('got 3 for 2 images');
    probe.dispose();
  });
});

describe('the probe of a divided step', () => {
  const probe = { learningRate: 0.5, weightDecay: 0, classes: 4 };

  /** A mean over images that shows the features of both views, stacked. */
  function stacked(): Method {
    const method = meanMethod();
    const features = ({ views }: Parameters<Method['step']>[0]): Tensor =>
      tf.concat(views.map(view => method.backbone(view)));
    return { ...method, step: (batch, progress) => ({ ...method.step(batch, progress), features: features(batch) }) };
  }

  it.each<[string, () => Method]>([
    ['gradient caching', sampleMethod],
    ['accumulation', stacked],
  ])('sees what it sees undivided: %s', async (_, make) => {
    const whole = await trainSample(make(), { probe });
    expect(whole.metrics[0]!.probeLoss).toBeCloseTo(Math.log(4), 5);
    expect(whole.metrics[1]!.probeLoss).not.toBeCloseTo(Math.log(4), 3);
    const parts = await trainSample(make(), { probe, microBatchSize: 4 });
    expect(apart(parts, whole)).toBeLessThan(1e-5);
    const without = await trainSample(make(), { microBatchSize: 4 });
    expect(parts.values).toEqual(without.values);
  });
});
