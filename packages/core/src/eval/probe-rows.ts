/** Labelled features as a linear probe takes them: rows on the host, classes as columns, the division into parts. */
import { RESERVED_STREAMS } from '../data/host-rng.ts';
import { permutation } from '../data/sampler.ts';
import { ConfigError, DataError } from '../errors.ts';
import { isTensor } from '../tensor/tree.ts';
import { checkFinite, type FeatureTable, tableShape } from './feature-table.ts';
import { countClasses, type LabelledFeatures } from './knn.ts';

/** Rows ready for a solver. */
export interface ProbeRows {
  /** `[N, dim]`, standardised where that is asked for */
  readonly features: Float32Array;
  readonly dim: number;
  /** `[N]`, the column of each row's class; −1 for a class without one */
  readonly columns: Int32Array;
  /** How many columns there are. */
  readonly classes: number;
}

/** A classifier of such rows. */
export interface LinearWeights {
  /** `[D, K]` */
  readonly weight: Float32Array;
  /** `[K]` */
  readonly bias: Float32Array;
}

/** What is subtracted from each feature and what the difference is multiplied by, `[D]` each. */
export interface Standard {
  readonly mean: Float64Array;
  readonly scale: Float64Array;
}

/** Features and labels that have been looked at. */
export interface CheckedFeatures extends FeatureTable {
  readonly rows: number;
  readonly labels: ArrayLike<number>;
}

/**
 * Added to each variance, as a share of their mean: a feature that hardly varies is not blown up. MAE's probe (`main_linprobe.py`) adds 1e-6
 * itself; a share gives the same accuracy whatever the scale of the features.
 */
const EPSILON = 1e-6;

/** @throws DataError for labels that are no class or not one a row, and for features that are not finite, with the row. */
export function checkedFeatures(
  who: string,
  { features, labels }: LabelledFeatures,
  classes: number | undefined,
): CheckedFeatures {
  const { rows, dim } = tableShape(who, features);
  countClasses(who, labels, rows, classes);
  const values = isTensor(features) ? features.dataSync<'float32'>() : features.features;
  const squares = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) sum += values[i]! * values[i]!;
    squares[row] = sum;
  }
  checkFinite(who, squares);
  return { features: values, dim, rows, labels };
}

/**
 * The labels that occur, rising: each has a column of the classifier.
 * @throws DataError when there is only one, so that there is nothing to tell apart.
 */
export function labelsOf(who: string, labels: ArrayLike<number>, rows: ArrayLike<number>): Int32Array {
  const found = Int32Array.from(new Set(Array.from(rows, row => labels[row]!))).sort();
  if (found.length > 1) return found;
  throw new DataError(`${who}: there must be at least two classes; got only class ${found[0]}; add rows of others`);
}

/** Mean and spread of some rows; without any effect where `standardize` is false. */
export function standardOf(
  { features, dim }: FeatureTable,
  rows: ArrayLike<number>,
  { standardize }: { readonly standardize: boolean },
): Standard {
  const [mean, variance] = [new Float64Array(dim), new Float64Array(dim)];
  if (!standardize) return { mean, scale: new Float64Array(dim).fill(1) };
  eachValue(features, dim, rows, (value, d) => {
    mean[d]! += value / rows.length;
  });
  eachValue(features, dim, rows, (value, d) => {
    variance[d]! += (value - mean[d]!) ** 2 / rows.length;
  });
  const floor = (EPSILON * variance.reduce((sum, value) => sum + value, 0)) / dim;
  // Features that are all the same have nothing to say.
  return { mean, scale: variance.map(value => (floor > 0 ? 1 / Math.sqrt(value + floor) : 0)) };
}

function eachValue(
  features: Float32Array,
  dim: number,
  rows: ArrayLike<number>,
  use: (value: number, d: number) => void,
): void {
  for (let i = 0; i < rows.length; i++) {
    const first = rows[i]! * dim;
    for (let d = 0; d < dim; d++) use(features[first + d]!, d);
  }
}

/** Some rows, standardised, with their classes as columns of `labels`. */
export function probeRows(
  { features, dim, labels }: CheckedFeatures,
  rows: ArrayLike<number>,
  { mean, scale }: Standard,
  known: Int32Array,
): ProbeRows {
  const values = new Float32Array(rows.length * dim);
  let place = 0;
  eachValue(features, dim, rows, (value, d) => {
    values[place++] = (value - mean[d]!) * scale[d]!;
  });
  const column = new Map(Array.from(known, (label, k) => [label, k]));
  const columns = Int32Array.from(rows, row => column.get(labels[row]!) ?? -1);
  return { features: values, dim, columns, classes: known.length };
}

/** 0 … count − 1 */
export function allRows(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => row);
}

export interface Parts {
  readonly fit: Uint32Array;
  readonly heldOut: Uint32Array;
}

/**
 * Divides rows into those that settings are tried on and those that judge them: a share of every class, drawn at random, or the rows that the
 * caller names. `round(share · N)` rows are held out; classes whose part of that is no whole number are rounded such that the sum is right. The
 * last row of a class is never held out.
 * @throws ConfigError when one of the parts is empty or a row is none.
 */
export function holdOutRows(labels: ArrayLike<number>, holdOut: number | ArrayLike<number>, seed: number): Parts {
  const held = new Uint8Array(labels.length);
  const chosen = typeof holdOut === 'number' ? stratified(labels, holdOut, seed) : Array.from(holdOut);
  for (const row of chosen) {
    if (!Number.isInteger(row) || row < 0 || row >= labels.length)
      throw new ConfigError(`linearProbe: holdOut must name rows of train, 0 to ${labels.length - 1}; got ${row}`);
    held[row] = 1;
  }
  const rows = allRows(labels.length);
  const parts = { fit: rows.filter(row => !held[row]), heldOut: rows.filter(row => held[row]) };
  if (parts.fit.length > 0 && parts.heldOut.length > 0) return parts;
  throw new ConfigError(
    `linearProbe: holdOut must leave rows on both sides; got ${parts.heldOut.length} held out of ${labels.length}; ` +
      'hold out more, or give one setting only, so that nothing has to be chosen',
  );
}

function stratified(labels: ArrayLike<number>, share: number, seed: number): number[] {
  const groups = new Map<number, number[]>();
  for (let row = 0; row < labels.length; row++) {
    const group = groups.get(labels[row]!);
    if (group) group.push(row);
    else groups.set(labels[row]!, [row]);
  }
  const classes = [...groups]
    .sort(([a], [b]) => a - b)
    .map(([label, rows]) => ({ label, rows, quota: share * rows.length }));
  let missing = Math.round(share * labels.length) - classes.reduce((sum, { quota }) => sum + Math.floor(quota), 0);
  // Largest remainder first; among equal ones chance decides, not the number of the class.
  const chance = permutation(classes.length, seed, RESERVED_STREAMS.heldOut, 0);
  const turn = [...classes.keys()].sort(
    (a, b) => remainder(classes[b]!) - remainder(classes[a]!) || chance[a]! - chance[b]!,
  );
  const counts = classes.map(({ quota }) => Math.floor(quota));
  for (const at of turn) {
    if (missing <= 0 || counts[at]! + 1 >= classes[at]!.rows.length) continue;
    counts[at]!++;
    missing--;
  }
  return classes.flatMap(({ label, rows }, at) => {
    const order = permutation(rows.length, seed, RESERVED_STREAMS.heldOut, label + 1);
    return Array.from(order.subarray(0, Math.min(counts[at]!, rows.length - 1)), place => rows[place]!);
  });
}

function remainder({ quota }: { readonly quota: number }): number {
  return quota - Math.floor(quota);
}

/** The same classifier for features as they came. */
export function unstandardized({ weight, bias }: LinearWeights, { mean, scale }: Standard): LinearWeights {
  const classes = bias.length;
  const offset = Float64Array.from(bias);
  const raw = weight.map((value, i) => value * scale[Math.floor(i / classes)]!);
  raw.forEach((value, i) => {
    offset[i % classes]! -= mean[Math.floor(i / classes)]! * value;
  });
  return { weight: raw, bias: Float32Array.from(offset) };
}
