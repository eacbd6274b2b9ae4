/** What a probe trains on and is tested on: features with labels that mean the same on both sides. */
import type { FeatureTable } from '@ssl/core/eval';
import { ConfigError } from '@ssl/core/setup';
import type { NamedFeatures } from './feature-file.ts';

export interface ProbeSide {
  readonly features: FeatureTable;
  /** `[N]`, places in `classes` of {@link ProbeSides} */
  readonly labels: Int32Array;
}

export interface ProbeSides {
  readonly train: ProbeSide;
  readonly test: ProbeSide;
  /** Those of train, then those that the test alone has. */
  readonly classes: readonly string[];
  /** Whether the test was set apart from train. */
  readonly divided: boolean;
}

/** Share of train that is the test where there is no other. */
const TEST_SHARE = 0.25;

/**
 * Joins both by the names of their classes. Without a test, a quarter of every class of train is one. Rows without a label are left out.
 * @param say is told what was left out
 * @throws ConfigError when there are no labels, or nothing is left.
 */
export async function probeSides(
  train: NamedFeatures,
  test: NamedFeatures | undefined,
  seed: number,
  say: (line: string) => void,
): Promise<ProbeSides> {
  const numbers = new Map<string, number>();
  const gallery = labelled('--train', train, numbers, say);
  const query = test && labelled('--test', test, numbers, say);
  const classes = [...numbers.keys()];
  if (query) return { train: gallery, test: query, classes, divided: false };
  const { holdOutRows } = await import('@ssl/core/eval');
  const { fit, heldOut } = holdOutRows(gallery.labels, TEST_SHARE, seed);
  return { train: rowsOf(gallery, fit), test: rowsOf(gallery, heldOut), classes, divided: true };
}

/** @param numbers classes by name, which grow by those of this table that have rows */
function labelled(
  option: string,
  { features, dim, labels, classes, names }: NamedFeatures,
  numbers: Map<string, number>,
  say: (line: string) => void,
): ProbeSide {
  const rows = Array.from(names.keys()).filter(row => (labels?.[row] ?? -1) >= 0);
  if (!labels || rows.length === 0)
    throw new ConfigError(
      `ssl probe: ${option} must have labels; got none; give a folder with one folder a class, or a list with labels`,
    );
  const without = names.length - rows.length;
  if (without > 0) say(`${without} of ${names.length} pictures of ${option} have no label: left out`);
  const number = (label: number): number => {
    const name = classes?.[label] ?? String(label);
    const known = numbers.get(name) ?? numbers.size;
    numbers.set(name, known);
    return known;
  };
  const sorted = [...new Set(labels)].filter(label => label >= 0).sort((a, b) => a - b);
  const renumbered = new Map(sorted.map(label => [label, number(label)]));
  const all = { features: { features, dim }, labels: labels.map(label => renumbered.get(label) ?? -1) };
  return without > 0 ? rowsOf(all, rows) : all;
}

function rowsOf({ features: { features, dim }, labels }: ProbeSide, rows: ArrayLike<number>): ProbeSide {
  const values = new Float32Array(rows.length * dim);
  for (let i = 0; i < rows.length; i++) {
    values.set(features.subarray(rows[i]! * dim, (rows[i]! + 1) * dim), i * dim);
  }
  return { features: { features: values, dim }, labels: Int32Array.from(rows, row => labels[row]!) };
}
