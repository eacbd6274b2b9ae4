import type { Dataset, SkippedImage } from '../dataset.ts';
import type { Facts } from './facts.ts';
import type { ClassReport, Counts, Histogram, PictureRef, SplitReport, Spread } from './report.ts';

/** Bars of a histogram. */
const BINS = 16;

/** What the rows of one part say. */
export function splitReport(facts: Facts, place: number): SplitReport {
  const { dataset, indices, name } = facts.splits[place]!;
  const rows = rowsOf(facts, place);
  const readable = rows.filter(row => !facts.failures.has(row));
  const unreadable = rows.flatMap((row): SkippedImage[] => {
    const reason = facts.failures.get(row);
    return reason === undefined ? [] : [{ path: refOf(facts, row).name, reason }];
  });
  const files = rows.filter(row => facts.kind[row]! > 0);
  const count = (what: 'format' | 'channels' | 'depth'): Counts =>
    counted(files.map(row => String(facts.kinds[facts.kind[row]! - 1]![what])));
  const classes = classReport(dataset, indices);
  return {
    name,
    pictures: dataset.size + (dataset.skipped?.length ?? 0),
    looked: indices.length,
    broken: [...(dataset.skipped ?? []), ...unreadable],
    ...(readable.length > 0 && sizes(facts, readable)),
    formats: count('format'),
    fileChannels: count('channels'),
    fileDepths: count('depth'),
    bytes: rows.reduce((sum, row) => sum + facts.bytes[row]!, 0),
    channels: dataset.channels,
    grey: readable.filter(row => facts.grey[row] === 1).length,
    blank: readable.filter(row => facts.blank[row] === 1).map(row => refOf(facts, row)),
    ...(classes && { classes }),
  };
}

/** The rows of a part. */
export function rowsOf({ split, rows }: Facts, place: number): number[] {
  return Array.from({ length: rows }, (_, row) => row).filter(row => split[row] === place);
}

export function refOf({ splits, split, index }: Facts, row: number): PictureRef {
  const { name, dataset } = splits[split[row]!]!;
  const own = index[row]!;
  const label = dataset.labels?.[own] ?? -1;
  return {
    split: name,
    index: own,
    name: dataset.describe?.(own) ?? `picture ${own}`,
    ...(label >= 0 && { label: dataset.classes?.[label] ?? String(label) }),
  };
}

function sizes(
  { width, height }: Facts,
  rows: readonly number[],
): Pick<SplitReport, 'width' | 'height' | 'aspect' | 'shorterSide'> {
  const shorter = Float64Array.from(rows, row => Math.min(width[row]!, height[row]!)).sort();
  return {
    width: spread(Float64Array.from(rows, row => width[row]!)),
    height: spread(Float64Array.from(rows, row => height[row]!)),
    aspect: spread(Float64Array.from(rows, row => width[row]! / height[row]!)),
    shorterSide: { ...spread(shorter), histogram: histogram(shorter) },
  };
}

function spread(values: Float64Array): Spread {
  const sorted = values.slice().sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { min: at(0), p5: at(0.05), p25: at(0.25), median: at(0.5), p75: at(0.75), p95: at(0.95), max: at(1) };
}

/** @param sorted positive, at least one */
function histogram(sorted: Float64Array): Histogram {
  const [low, high] = [Math.log(sorted[0]!), Math.log(sorted.at(-1)! + 1)];
  const edges = Array.from({ length: BINS + 1 }, (_, i) => Math.exp(low + ((high - low) * i) / BINS));
  const counts = new Array<number>(BINS).fill(0);
  for (const value of sorted) {
    const bin = Math.floor(((Math.log(value) - low) / (high - low)) * BINS);
    counts[Math.max(0, Math.min(BINS - 1, bin))]!++;
  }
  return { edges, counts };
}

function classReport({ labels, classes }: Dataset, indices: Uint32Array): ClassReport | undefined {
  if (!labels) return undefined;
  const known = Array.from(indices, index => labels[index]!).filter(label => label >= 0);
  const nameOf = (label: number): string => classes?.[label] ?? String(label);
  const pictures: Counts = { ...counted(known.map(nameOf)) };
  const named = Object.entries(pictures);
  const [largest, smallest] = [named[0], named.at(-1)];
  if (!largest || !smallest) return undefined;
  const entropy = named.reduce((sum, [, n]) => sum - (n / known.length) * Math.log(n / known.length), 0);
  return {
    classes: named.length,
    pictures,
    unlabelled: indices.length - known.length,
    smallest: { name: smallest[0], pictures: smallest[1] },
    largest: { name: largest[0], pictures: largest[1] },
    balance: named.length === 1 ? 1 : entropy / Math.log(named.length),
  };
}

/** Most frequent first, then by name. */
function counted(names: readonly string[]): Counts {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}
