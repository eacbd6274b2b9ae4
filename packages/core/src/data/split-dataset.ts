import { ConfigError, DataError } from '../errors.ts';
import { type Dataset, subset } from './dataset.ts';
import { RESERVED_STREAMS } from './host-rng.ts';
import { labelGroups } from './label-groups.ts';
import { permutation } from './sampler.ts';
import { checkKeys } from './views/check.ts';

export interface SplitOptions {
  /** Share of the pictures in the first part, between 0 and 1. */
  readonly fraction: number;
  readonly seed: number;
  /** `label`: every class is divided by the same share, so that both parts have the classes in the proportions of the whole. */
  readonly by?: 'label';
}

/**
 * Two parts that share no picture, drawn at random; each keeps the dataset's order.
 * @returns `[first, second]`; the first has `round(fraction · size)` pictures, with `by: 'label'` that many of each class (and of those
 * without a label), but at least one and not all. A class with a single picture goes to the first.
 * @throws DataError when a part would be empty, or when there are no labels to divide by.
 * @throws ConfigError when an option is unknown.
 */
export function splitDataset(dataset: Dataset, options: SplitOptions): [first: Dataset, second: Dataset] {
  checkKeys('splitDataset', options, ['fraction', 'seed', 'by']);
  const { fraction, seed, by } = options;
  if (by !== undefined && by !== 'label') {
    throw new ConfigError(`splitDataset: by must be 'label' or left out; got ${String(by)}`);
  }
  const parts = by === 'label' ? byLabel(dataset, fraction, seed) : atRandom(dataset.size, fraction, seed);
  if (!(fraction > 0 && fraction < 1) || parts.some(part => part.length === 0)) {
    throw new DataError(
      `splitDataset: both parts must have pictures; got fraction ${fraction} of ${dataset.size}; use a fraction between 0 and 1`,
    );
  }
  return [subset(dataset, parts[0].sort()), subset(dataset, parts[1].sort())];
}

type Parts = [first: Uint32Array, second: Uint32Array];

function atRandom(size: number, fraction: number, seed: number): Parts {
  const drawn = permutation(size, seed, RESERVED_STREAMS.split, 0);
  const count = Math.round(fraction * size);
  return [drawn.slice(0, count), drawn.slice(count)];
}

function byLabel(dataset: Dataset, fraction: number, seed: number): Parts {
  const parts: [number[], number[]] = [[], []];
  for (const [label, members] of labelGroups('splitDataset', dataset)) {
    const order = permutation(members.length, seed, RESERVED_STREAMS.split, label + 2); // 0 is that of the whole
    const count = Math.max(1, Math.min(members.length - 1, Math.round(fraction * members.length)));
    order.forEach((place, i) => {
      parts[i < count ? 0 : 1].push(members[place]!);
    });
  }
  return [Uint32Array.from(parts[0]), Uint32Array.from(parts[1])];
}
