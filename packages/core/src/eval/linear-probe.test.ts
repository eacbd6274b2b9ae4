import { describe, expect, it } from 'vitest';
import { ConfigError, DataError, ShapeError, TrainingError } from '../errors.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { tf } from '../tensor/tf.ts';
import { liveTensors } from '../tensor/variable.ts';
import type { FeatureTable } from './feature-table.ts';
import { type LinearClassifier, linearProbe } from './linear-probe.ts';
import type { LinearProbeOptions, ProbeProgress } from './probe-config.ts';

interface Rows {
  readonly features: FeatureTable;
  readonly labels: Int32Array;
}

/** Rows around the centres of their classes, row i of class i % classes; `spread` 0.3 leaves them apart. */
function clusters(count: number, { classes = 5, dim = 16, spread = 0.3, seed = 1 } = {}): Rows {
  const draw = (s: number, shape: [number, number]): Float32Array =>
    tf.tidy(() => normal(rngFromSeed(s), shape).dataSync<'float32'>());
  const [centres, noise] = [draw(7, [classes, dim]), draw(seed, [count, dim])];
  const features = noise.map((value, i) => {
    const row = Math.floor(i / dim);
    return centres[(row % classes) * dim + (i % dim)]! + spread * value;
  });
  return { features: { features, dim }, labels: Int32Array.from({ length: count }, (_, row) => row % classes) };
}

function predicted({ weight, bias, dim, labels }: LinearClassifier, { features }: FeatureTable): number[] {
  return Array.from({ length: features.length / dim }, (_, row) => {
    const logits = Array.from(bias, (offset, k) => {
      let sum = offset;
      for (let d = 0; d < dim; d++) sum += features[row * dim + d]! * weight[d * bias.length + k]!;
      return sum;
    });
    return labels[logits.indexOf(Math.max(...logits))]!;
  });
}

const few = { learningRates: [0.1, 1], epochs: 10 };

describe('linearProbe', () => {
  it('gives each setting of a sweep what it gets alone', async () => {
    // The last one diverges beside the others.
    const learningRates = [0.03, 0.3, 3, 1e39];
    const weightDecays = [0, 0.01];
    const options = { train: clusters(160, { spread: 2 }), epochs: 5, retrain: false, seed: 4, holdOut: 0.25 };
    const { candidates, chosen, classifier } = await linearProbe({ ...options, learningRates, weightDecays });
    expect(candidates.map(({ setting }) => setting)).toEqual(
      weightDecays.flatMap(weightDecay => learningRates.map(learningRate => ({ learningRate, weightDecay }))),
    );
    const { learningRate, weightDecay } = chosen as { learningRate: number; weightDecay: number };
    const pair = { learningRates: [learningRate, 0], weightDecays: [weightDecay] };
    const alone = await linearProbe({ ...options, ...pair });
    expect(alone.candidates[0]).toEqual(candidates.find(({ setting }) => setting === chosen));
    expect(alone.classifier).toEqual(classifier);
  });

  it.each(['sgd', 'lbfgs'] as const)('separates what is apart, whatever the scale and the labels: %s', async solver => {
    const relabelled = (rows: Rows): Rows => ({ ...rows, labels: rows.labels.map(label => 3 * label + 2) });
    const scaled = ({ features, labels }: Rows, factor: number): Rows => ({
      features: { ...features, features: features.features.map(value => factor * value) },
      labels,
    });
    const [gallery, query] = [clusters(200), clusters(100, { seed: 2 })].map(relabelled) as [Rows, Rows];
    const result = await linearProbe({ train: gallery, test: query, solver });
    expect(result.test!.top1).toBe(1);
    expect([...result.test!.predictions]).toEqual([...query.labels]);
    expect(result.test!).not.toHaveProperty('top5');
    expect([...result.classifier.labels]).toEqual([2, 5, 8, 11, 14]);
    expect(result.test!.perClass[1]).toEqual({ label: 5, rows: 20, accuracy: 1 });
    expect(predicted(result.classifier, query.features)).toEqual([...query.labels]);
    const tiny = await linearProbe({ train: scaled(gallery, 2 ** -20), test: scaled(query, 2 ** -20), solver });
    expect(tiny.candidates).toEqual(result.candidates);
  });

  it('chooses without the test', async () => {
    const [gallery, query] = [clusters(150, { spread: 2 }), clusters(60, { spread: 2, seed: 2 })];
    for (const solver of ['sgd', 'lbfgs'] as const) {
      const options = { train: gallery, solver, ...(solver === 'sgd' && { epochs: 20 }) };
      const [right, wrong, none] = [
        await linearProbe({ ...options, test: query }),
        await linearProbe({ ...options, test: { ...query, labels: query.labels.map(label => (label + 1) % 5) } }),
        await linearProbe(options),
      ];
      const { test: first, ...one } = right!;
      const { test: second, ...other } = wrong!;
      expect(other).toEqual(one);
      expect(none).toEqual(one);
      expect(second!.predictions).toEqual(first!.predictions);
      expect(second!.top1).not.toBe(first!.top1);
      expect(new Set(one.candidates.map(({ accuracy }) => accuracy)).size).toBeGreaterThan(1);
      expect(one.candidates.find(({ setting }) => setting === one.chosen)!.accuracy).toBe(
        Math.max(...one.candidates.map(({ accuracy }) => accuracy)),
      );
    }
  });

  it('gives the same numbers for the same seed, and holds out other rows for another', async () => {
    const gallery = clusters(100, { spread: 2 });
    const options = { train: gallery, test: clusters(50, { spread: 2, seed: 2 }), ...few, seed: 3 };
    const first = await linearProbe(options);
    expect(await linearProbe(options)).toEqual(first);
    expect(first.heldOut).toBe(20);
    expect((await linearProbe({ ...options, seed: 4 })).candidates).not.toEqual(first.candidates);
  });

  it('judges on the rows that are named, and trains on the others', async () => {
    const gallery = clusters(100);
    // Rows 80 and up are mislabelled: nothing that is trained on the others agrees with them.
    const labels = gallery.labels.map((label, row) => (row >= 80 ? (label + 1) % 5 : label));
    const holdOut = Array.from({ length: 20 }, (_, i) => 80 + i);
    const kept = await linearProbe({ train: { ...gallery, labels }, test: gallery, ...few, holdOut, retrain: false });
    expect(kept.candidates.map(({ accuracy }) => accuracy)).toEqual([0, 0]);
    expect(kept.test!.top1).toBe(1);
    const others = { features: { ...gallery.features, features: gallery.features.features.subarray(0, 80 * 16) } };
    const { learningRate } = kept.chosen as { learningRate: number };
    const alone = await linearProbe({
      train: { ...others, labels: labels.subarray(0, 80) },
      ...few,
      learningRates: [learningRate],
    });
    alone.classifier.weight.forEach((value, i) => {
      expect(value).toBeCloseTo(kept.classifier.weight[i]!, 5);
    });
    const phases = new Map<string, ProbeProgress>();
    await linearProbe({ train: gallery, ...few, holdOut, onProgress: at => phases.set(at.phase, at) });
    expect([...phases.values()]).toEqual([
      { phase: 'choose', done: 10, total: 10 },
      { phase: 'retrain', done: 10, total: 10 },
    ]);
  });

  it('does not choose a setting that diverges, and says when all do', async () => {
    const noise = { ...clusters(60), labels: clusters(60).labels.map((label, row) => (row % 7 ? label : 0)) };
    const result = await linearProbe({ train: noise, ...few, learningRates: [0.1, 1e39, 1e20] });
    expect(result.candidates.map(({ diverged }) => diverged)).toEqual([false, true, false]);
    expect(result.chosen).toEqual({ learningRate: 0.1, weightDecay: 0 });
    expect(result.classifier.weight.every(Number.isFinite)).toBe(true);
    // Without an order among its logits, one that diverged answers with the first class: here that would be right.
    const labels = clusters(60).labels.map((label, row) => (row >= 50 ? 0 : label));
    const holdOut = Array.from({ length: 10 }, (_, i) => 50 + i);
    const trap = await linearProbe({ train: { ...noise, labels }, ...few, learningRates: [0.1, 1e39], holdOut });
    expect(trap.candidates.map(({ accuracy }) => accuracy)).toEqual([0.2, 1]);
    expect(trap.chosen).toEqual({ learningRate: 0.1, weightDecay: 0 });
    const lost = linearProbe({ train: noise, epochs: 10, learningRates: [1e39, 2e39] });
    await expect(lost).rejects.toThrow(TrainingError);
    await expect(lost).rejects.toThrow('give lower learning rates');
    const one = linearProbe({ train: noise, epochs: 10, learningRates: [1e39] });
    await expect(one).rejects.toThrow(TrainingError);
  });

  it('counts test rows of classes that train does not have as wrong, and names them', async () => {
    const query = clusters(50, { seed: 2 });
    const labels = query.labels.map((label, row) => (row < 5 ? 9 : label));
    const { test: scores } = await linearProbe({ train: clusters(100), test: { ...query, labels }, ...few });
    expect(scores!.unseen).toEqual({ rows: 5, labels: [9] });
    expect(scores!.top1).toBe(0.9);
    expect(scores!.perClass.at(-1)).toEqual({ label: 9, rows: 5, accuracy: 0 });
  });

  it('gives top-5 where there are more classes, and takes tensors', async () => {
    const [gallery, query] = [
      clusters(240, { classes: 12, spread: 2 }),
      clusters(120, { classes: 12, spread: 2, seed: 2 }),
    ];
    const { test: scores } = await linearProbe({ train: gallery, test: query, ...few });
    expect(scores!.top5).toBeGreaterThan(scores!.top1);
    expect(scores!.top5).toBeLessThanOrEqual(1);
    const { features, dim } = gallery.features;
    const tensor = tf.tensor2d(features, [features.length / dim, dim]);
    const same = await linearProbe({ train: { ...gallery, features: tensor }, test: query, ...few });
    expect(same.test).toEqual(scores);
    tensor.dispose();
  });

  it('keeps nothing, done or failed', async () => {
    const gallery = clusters(60);
    const once = async (): Promise<void> => {
      await linearProbe({ train: gallery, test: gallery, ...few });
      await linearProbe({ train: gallery, solver: 'lbfgs', l2: [0.1, 1] });
      await linearProbe({ train: gallery, epochs: 2, learningRates: [1e39, 2e39] }).catch(() => {});
    };
    await once();
    const before = [liveTensors(), tf.memory().numTensors];
    await once();
    expect([liveTensors(), tf.memory().numTensors]).toEqual(before);
  });

  it('refuses settings and data that do not fit', async () => {
    const gallery = clusters(20);
    const changed = (at: number, label: number): Rows => ({ ...gallery, labels: gallery.labels.with(at, label) });
    const broken = { ...gallery.features, features: gallery.features.features.with(16 * 7 + 3, Number.NaN) };
    const cases: [Partial<LinearProbeOptions>, new (m: string) => Error, string][] = [
      [
        { train: changed(3, -1) },
        DataError,
        'linearProbe: train: a label must be a whole number from 0; got -1 in row 3',
      ],
      [{ train: changed(3, 5), classes: 5 }, DataError, 'from 0 to 4; got 5 in row 3'],
      [
        { test: changed(4, -1) },
        DataError,
        'linearProbe: test: a label must be a whole number from 0; got -1 in row 4',
      ],
      [{ train: { ...gallery, labels: new Int32Array(20) } }, DataError, 'at least two classes; got only class 0'],
      [{ train: { ...gallery, features: broken } }, DataError, 'linearProbe: train: features must be finite'],
      [{ train: { ...gallery, features: broken } }, DataError, 'in row 7;'],
      [{ test: clusters(10, { dim: 8 }) }, ShapeError, 'got 8 for 16'],
      [{ solver: 'adam' as 'sgd' }, ConfigError, "must be sgd or lbfgs; got 'adam'"],
      [{ l2: [1] }, ConfigError, "l2 is of the other solver; got it with 'sgd'"],
      [{ solver: 'lbfgs', epochs: 3 }, ConfigError, "epochs is of the other solver; got it with 'lbfgs'"],
      [{ solver: 'lbfgs', l2: [0.1, 0] }, ConfigError, 'l2[1] must be a finite number above 0; got 0'],
      [{ learningRates: [] }, ConfigError, 'learningRates must hold at least one value'],
      [{ learningRates: [-1] }, ConfigError, 'learningRates[0] must be'],
      [{ momentum: 1 }, ConfigError, 'momentum must be'],
      [{ epochs: 0.5 }, ConfigError, 'epochs must be a positive whole number; got 0.5'],
      [{ holdOut: 1 }, ConfigError, 'holdOut must be a share between 0 and 1, or rows of train; got 1'],
      [{ holdOut: [20] }, ConfigError, 'holdOut must name rows of train, 0 to 19; got 20'],
      [{ holdOut: 0.01 }, ConfigError, 'got 0 held out of 20'],
      [
        { holdOut: [1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 19] },
        DataError,
        'not held out: there must be at least two',
      ],
      [{ seed: -1 }, ConfigError, 'seed must be a whole number'],
      [{ learningRate: 1 } as object, ConfigError, "there is no setting 'learningRate'; did you mean 'learningRates'?"],
    ];
    const before = liveTensors();
    for (const [options, kind, message] of cases) {
      const error = await linearProbe({ train: gallery, ...options }).catch(e => e);
      expect(error.message).toContain(message);
      expect(error).toBeInstanceOf(kind);
    }
    expect(liveTensors()).toBe(before);
  });
});
