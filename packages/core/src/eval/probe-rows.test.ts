import { describe, expect, it } from 'vitest';
import { allRows, holdOutRows, probeRows, standardOf, unstandardized } from './probe-rows.ts';

const countBy = (labels: ArrayLike<number>, rows: Uint32Array): Record<number, number> => {
  const counts: Record<number, number> = {};
  for (const row of rows) counts[labels[row]!] = (counts[labels[row]!] ?? 0) + 1;
  return counts;
};

describe('holdOutRows', () => {
  it('takes the same share of every class, and every row once', () => {
    const labels = Int32Array.from({ length: 100 }, (_, row) => (row < 50 ? 0 : row < 80 ? 1 : 2));
    const { fit, heldOut } = holdOutRows(labels, 0.2, 5);
    expect(countBy(labels, heldOut)).toEqual({ 0: 10, 1: 6, 2: 4 });
    expect([...fit, ...heldOut].sort((a, b) => a - b)).toEqual([...allRows(100)]);
    expect(holdOutRows(labels, 0.2, 5)).toEqual({ fit, heldOut });
    expect(holdOutRows(labels, 0.2, 6).heldOut).not.toEqual(heldOut);
  });

  it('holds out the right number even of small classes, not always of the same, and never the last row of one', () => {
    // 40 classes of two rows and 20 of one.
    const labels = Int32Array.from({ length: 100 }, (_, row) => (row < 80 ? row >> 1 : row));
    const chosen = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const { fit, heldOut } = holdOutRows(labels, 0.2, seed);
      expect(heldOut.length).toBe(20);
      expect(new Set(Array.from(fit, row => labels[row]!)).size).toBe(60);
      for (const row of heldOut) chosen.add(labels[row]!);
    }
    expect(chosen.size).toBe(40);
  });
});

describe('standardOf', () => {
  const dim = 3;
  // The second feature never changes.
  const features = Float32Array.of(1, 5, 1000, 3, 5, 3000, 5, 5, 5000);
  const table = { features, dim, rows: 3, labels: [0, 1, 0] };

  it('gives mean 0 and variance 1 by the rows that are named, and 0 for what never changes', () => {
    const standard = standardOf(table, [0, 1], { standardize: true });
    expect([...standard.mean]).toEqual([2, 5, 2000]);
    const { features: ready } = probeRows(table, allRows(3), standard, Int32Array.of(0, 1));
    expect(ready[2]).toBeCloseTo(-1, 5);
    expect(ready[5]).toBeCloseTo(1, 5);
    expect(ready[8]).toBeCloseTo(3, 5);
    expect([ready[1], ready[4], ready[7]]).toEqual([0, 0, 0]);
  });

  it('has no effect where it is not asked for, and no division by 0 where nothing varies', () => {
    const off = standardOf(table, allRows(3), { standardize: false });
    expect(probeRows(table, allRows(3), off, Int32Array.of(0, 1)).features).toEqual(features);
    const same = standardOf({ features: new Float32Array(6).fill(7), dim }, [0, 1], { standardize: true });
    expect([...same.scale]).toEqual([0, 0, 0]);
  });

  it('goes into the classifier', () => {
    const standard = { mean: Float64Array.of(1, 2), scale: Float64Array.of(10, 0.5) };
    const weights = { weight: Float32Array.of(1, -1, 2, 4), bias: Float32Array.of(3, 5) };
    expect(unstandardized(weights, standard)).toEqual({
      weight: Float32Array.of(10, -10, 1, 2),
      bias: Float32Array.of(3 - 10 - 2, 5 + 10 - 4),
    });
  });
});
