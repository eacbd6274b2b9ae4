import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../errors.ts';
import { liveTensors } from '../tensor/variable.ts';
import type { FeatureTable } from './feature-table.ts';
import { accuracy, knnAccuracy, knnClassify, voteNeighbours } from './knn.ts';

interface Packed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Labelled {
  readonly features: Packed;
  readonly labels: readonly number[];
}

interface Fixture {
  readonly classes: number;
  readonly train: Labelled;
  readonly test: Labelled;
  readonly knn: readonly {
    readonly k: number;
    /** null: every neighbour counts alike */
    readonly temperature: number | null;
    readonly predictions: readonly number[];
    readonly neighbours: Packed;
    readonly similarities: Packed;
    readonly accuracy: number;
  }[];
}

const fixture = JSON.parse(await readFile(new URL('__fixtures__/knn.json', import.meta.url), 'utf8')) as Fixture;

const unpack = ({ features: { shape, data }, labels }: Labelled): { features: FeatureTable; labels: Int32Array } => ({
  features: { features: Float32Array.from(data), dim: shape[1]! },
  labels: Int32Array.from(labels),
});
const train = unpack(fixture.train);
const test = unpack(fixture.test);

/** The first `width` of every `k` values. */
const firstOf = (values: ArrayLike<number>, k: number, width: number): number[] =>
  Array.from(values).filter((_, i) => i % k < width);

describe.each(fixture.knn)("scikit-learn's kNN, k = $k, temperature $temperature", expected => {
  const { k, temperature } = expected;
  const vote = temperature === null ? ({ weights: 'uniform' } as const) : { temperature };

  it('has the same predictions, neighbours and similarities', async () => {
    const found = await knnClassify({ train, test: test.features, k, ...vote });
    expect([...found.predictions]).toEqual(expected.predictions);
    const width = expected.neighbours.shape[1]!;
    expect(firstOf(found.neighbours, k, width)).toEqual(expected.neighbours.data);
    firstOf(found.similarities, k, expected.similarities.shape[1]!).forEach((similarity, i) => {
      expect(similarity).toBeCloseTo(expected.similarities.data[i]!, 6);
    });
  });

  it('has the same accuracy', async () => {
    expect(await knnAccuracy({ train, test, k, ...vote })).toBeCloseTo(expected.accuracy, 9);
  });
});

describe('knnClassify', () => {
  it('gives the same with either metric on rows of length 1', async () => {
    const unit = ({ features, labels }: typeof train): typeof train => {
      const values = features.features.slice();
      for (let at = 0; at < values.length; at += features.dim) {
        const row = values.subarray(at, at + features.dim);
        const length = Math.hypot(...row);
        row.forEach((value, i) => {
          row[i] = value / length;
        });
      }
      return { features: { ...features, features: values }, labels };
    };
    const options = { train: unit(train), test: unit(test).features, k: 20 };
    const cosine = await knnClassify({ ...options, metric: 'cosine' });
    const euclidean = await knnClassify({ ...options, metric: 'euclidean' });
    expect(euclidean.neighbours).toEqual(cosine.neighbours);
    expect(euclidean.predictions).toEqual(cosine.predictions);
    expect(euclidean.similarities[0]).toBeCloseTo(cosine.similarities[0]! - 1, 5);
  });

  it('serves several k from one search', async () => {
    const { neighbours, similarities } = await knnClassify({ train, test: test.features, k: 20 });
    const found = { indices: neighbours, similarities, k: 20 };
    const one = voteNeighbours(found, train.labels, { k: 1 });
    expect([...one]).toEqual(fixture.knn.find(({ k }) => k === 1)!.predictions);
  });

  it('refuses settings and labels that do not fit, and leaves nothing behind', async () => {
    const before = liveTensors();
    const good = { train, test: test.features, k: 3 };
    const relabel = (labels: ArrayLike<number>) => ({ ...good, train: { ...train, labels } });
    const changed = (at: number, label: number): Int32Array => train.labels.with(at, label);
    const cases = [
      [{ ...good, k: 201 }, ConfigError, "gallery's 200 rows; got 201"],
      [{ ...good, temperature: 0 }, ConfigError, 'temperature must be a positive number; got 0'],
      [{ ...good, classes: 2.5 }, ConfigError, 'classes must be a positive whole number; got 2.5'],
      [{ ...good, classes: 3 }, DataError, 'from 0 to 2; got 3 in row 2'],
      [relabel([0, 1]), DataError, 'got 2 labels for 200 rows'],
      [relabel(changed(7, -1)), DataError, 'got -1 in row 7; leave unlabelled pictures out'],
      [relabel(Float64Array.from(train.labels).with(9, 0.5)), DataError, 'got 0.5 in row 9'],
    ] as const;
    for (const [options, kind, message] of cases) {
      const error = await knnClassify(options).catch(e => e);
      expect(error).toBeInstanceOf(kind);
      expect(error.message).toContain(message);
    }
    const short = { ...test, labels: test.labels.subarray(1) };
    await expect(knnAccuracy({ train, test: short, k: 1 })).rejects.toThrow('got 49 labels for 50 rows');
    expect(liveTensors()).toBe(before);
  });
});

describe('voteNeighbours', () => {
  const found = {
    k: 4,
    indices: Int32Array.of(0, 1, 2, 3),
    similarities: Float32Array.of(0.9, 0.8, 0.8, 0.2),
  };

  it('weighs by similarity, or all alike', () => {
    const labels = [2, 1, 1, 1];
    expect([...voteNeighbours(found, labels)]).toEqual([2]); // e^0 against 2 e^(-.1 / .07) and nearly nothing
    expect([...voteNeighbours(found, labels, { temperature: 1 })]).toEqual([1]);
    expect([...voteNeighbours(found, labels, { weights: 'uniform' })]).toEqual([1]);
    expect([...voteNeighbours(found, labels, { weights: 'uniform', k: 1 })]).toEqual([2]);
  });

  it('gives the lowest of equally heavy classes', () => {
    expect([...voteNeighbours(found, [5, 3, 5, 3], { weights: 'uniform' })]).toEqual([3]);
  });

  it('stays finite at a low temperature and with far neighbours', () => {
    const far = { ...found, similarities: Float32Array.of(-1e6, -2e6, -2e6, -3e6) };
    expect([...voteNeighbours(far, [1, 0, 0, 0], { temperature: 1e-3 })]).toEqual([1]);
  });

  it('refuses more neighbours than were found', () => {
    expect(() => voteNeighbours(found, [0, 0, 0, 0], { k: 5 })).toThrow('from 1 to the 4 neighbours found; got 5');
  });
});

describe('accuracy', () => {
  it('is the share of equal entries', () => {
    expect(accuracy([1, 2, 3, 4], [1, 2, 0, 0])).toBe(0.5);
    expect(() => accuracy([1], [1, 2])).toThrow('got 1 for 2');
  });
});
