import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { tf } from '../tensor/tf.ts';
import { liveTensors } from '../tensor/variable.ts';
import { collapseSignals, featureStd, rankMe } from './collapse.ts';

interface Case {
  readonly name: string;
  readonly rankMe: number;
  /** lightly's: divided by N − 1, and not multiplied by √D. */
  readonly stdOfL2Normalized: number;
  readonly features: { readonly shape: readonly number[]; readonly data: readonly number[] };
}

const { collapse: cases } = JSON.parse(await readFile(new URL('__fixtures__/knn.json', import.meta.url), 'utf8')) as {
  collapse: readonly Case[];
};

describe.each(cases)('collapse signals: $name', expected => {
  const [rows, dim] = expected.features.shape as [number, number];
  const table = { features: Float32Array.from(expected.features.data), dim };
  const std = expected.stdOfL2Normalized * Math.sqrt(dim) * Math.sqrt((rows - 1) / rows);

  it("agrees with numpy's singular values in float64", async () => {
    expect((await rankMe(table)) / expected.rankMe).toBeCloseTo(1, 4);
  });

  it("agrees with lightly's std", async () => {
    expect((await featureStd(table)) / std).toBeCloseTo(1, 4);
  });

  it('gives both at once, whatever the scale', async () => {
    const signals = await collapseSignals({ dim, features: table.features.map(value => value * 1000) });
    expect(signals.rankMe / expected.rankMe).toBeCloseTo(1, 4);
    expect(signals.featureStd / std).toBeCloseTo(1, 4);
  });
});

describe('collapse signals', () => {
  it('are at their ends for spread and for collapsed features', async () => {
    const spread = normal(rngFromSeed(1), [4000, 16]);
    expect((await collapseSignals(spread)).rankMe).toBeGreaterThan(15.9);
    expect((await collapseSignals(spread)).featureStd).toBeCloseTo(1, 1);
    const point = tf.tile(normal(rngFromSeed(2), [1, 16]), [4000, 1]);
    const { rankMe: rank, featureStd: std } = await collapseSignals(point);
    expect(rank).toBeCloseTo(1, 3);
    expect(std).toBeCloseTo(0, 5);
    expect(await collapseSignals(tf.zeros([10, 16]))).toEqual({ rankMe: expect.closeTo(1, 3), featureStd: 0 });
  });

  it('names the row with NaN, and frees everything', async () => {
    const features = new Float32Array(60).fill(1);
    await rankMe({ features, dim: 6 });
    const before = [liveTensors(), tf.memory().numTensors];
    features[6 * 4 + 2] = Number.NaN;
    for (const signal of [rankMe, featureStd, collapseSignals]) {
      const error = await signal({ features, dim: 6 }).catch(e => e);
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toMatch(new RegExp(`^${signal.name}: .*row 4;`));
    }
    expect([liveTensors(), tf.memory().numTensors]).toEqual(before);
  });
});
