import { ConfigError, DataError } from '../errors.ts';
import { type Dataset, subset } from './dataset.ts';
import { RESERVED_STREAMS } from './host-rng.ts';
import { className, labelGroups } from './label-groups.ts';
import { permutation } from './sampler.ts';
import { checkKeys, checkNumber, checkWhole } from './views/check.ts';

/** How many pictures of each class: a share of them, or a number. */
export type LabelSubsetOptions = { readonly seed: number } & (
  | { readonly fraction: number; readonly perClass?: never }
  | { readonly perClass: number; readonly fraction?: never }
);

/**
 * The few labelled pictures of semi-supervised and low-shot evaluation: the same share, or the same number, of each class, drawn at random.
 * Every class has one order that depends on the seed alone, and its first pictures are taken: with one seed the 1 % lie within the 10 %, and
 * 5 of each class within 10 of each class, on any machine. Pictures without a label are left out.
 *
 * The published results on 1 % and 10 % of ImageNet use the lists of file names of SimCLR (TensorFlow Datasets, `imagenet2012_subset`),
 * not a draw: take them with {@link subsetByNames}.
 * @returns `max(1, round(fraction · count))` or `perClass` of each class, in the dataset's order.
 * @throws DataError when there are no labels, or too few pictures of a class.
 * @throws ConfigError when not exactly one of `fraction` (over 0, at most 1) and `perClass` (a positive whole number) is given.
 */
export function labelSubset(dataset: Dataset, options: LabelSubsetOptions): Dataset {
  const take = amount(options);
  const groups = labelGroups('labelSubset', dataset);
  const classes = dataset.classes ? [...dataset.classes.keys()] : [...groups.keys()].filter(label => label >= 0);
  const chosen: number[] = [];
  for (const label of classes) {
    const members = groups.get(label) ?? new Uint32Array(0);
    const count = take(members.length);
    if (count > members.length) {
      throw new DataError(
        `labelSubset: every class must have at least ${count} pictures; got ${members.length} of ${className(dataset, label)}; take fewer`,
      );
    }
    const order = permutation(members.length, options.seed, RESERVED_STREAMS.labels, label);
    for (const place of order.subarray(0, count)) chosen.push(members[place]!);
  }
  if (chosen.length === 0) throw new DataError(`labelSubset: pictures must have labels; got none in ${dataset.name}`);
  return subset(dataset, Uint32Array.from(chosen).sort());
}

function amount(options: LabelSubsetOptions): (count: number) => number {
  checkKeys('labelSubset', options, ['fraction', 'perClass', 'seed']);
  const { fraction, perClass } = options;
  if ((fraction === undefined) === (perClass === undefined)) {
    throw new ConfigError(
      `labelSubset: either fraction or perClass must be given; got ${fraction === undefined ? 'neither' : 'both'}`,
    );
  }
  if (perClass !== undefined) {
    checkWhole('labelSubset', 'perClass', perClass, [1, Number.MAX_SAFE_INTEGER]);
    return () => perClass;
  }
  checkNumber('labelSubset', 'fraction', fraction!, [Number.MIN_VALUE, 1]);
  return count => Math.max(1, Math.round(fraction! * count));
}
