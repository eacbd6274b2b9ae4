/** For tests: how far apart two distributions are, and how far apart two samples of one may be. */

/** Kolmogorov and Smirnov's distance between two histograms over the same values. */
export function distance(a: readonly number[], b: readonly number[]): number {
  const [totalA, totalB] = [a, b].map(counts => counts.reduce((sum, count) => sum + count, 0)) as [number, number];
  let [sumA, sumB, largest] = [0, 0, 0];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    sumA += (a[i] ?? 0) / totalA;
    sumB += (b[i] ?? 0) / totalB;
    largest = Math.max(largest, Math.abs(sumA - sumB));
  }
  return largest;
}

/** The distance between a sample and the uniform distribution on `[low, high]`. */
export function distanceToUniform(sample: readonly number[], low: number, high: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted.reduce((largest, value, i) => {
    const share = (value - low) / (high - low);
    return Math.max(largest, Math.abs(share - i / sorted.length), Math.abs(share - (i + 1) / sorted.length));
  }, 0);
}

/** Beyond this two samples of `n` and `m` come from one distribution once in 10,000 times (2.23 = √(-ln(α / 2) / 2)). */
export function critical(n: number, m: number = Number.POSITIVE_INFINITY): number {
  return 2.23 * Math.sqrt(1 / n + 1 / m);
}

/** Counts of whole numbers from 0. */
export function wholeCounts(values: Iterable<number>): number[] {
  const counts: number[] = [];
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return Array.from(counts, count => count ?? 0);
}

/** Counts between edges that rise. */
export function binCounts(values: Iterable<number>, edges: readonly number[]): number[] {
  const counts = Array<number>(edges.length - 1).fill(0);
  for (const value of values) {
    const bin = edges.findIndex((edge, i) => value >= edge && value < edges[i + 1]!);
    if (bin >= 0) counts[bin]! += 1;
  }
  return counts;
}
