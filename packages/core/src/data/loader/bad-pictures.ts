import { DataError } from '../../errors.ts';
import type { Dataset, SkippedImage } from '../dataset.ts';
import { describeSkipped } from '../load-pixels.ts';

/** The pictures that could not be read so far. */
export interface BadPictures {
  /** Reason, by place in the dataset. */
  readonly found: ReadonlyMap<number, string>;
  /** @throws DataError when that is one too many. */
  add(index: number, reason: string): void;
  /** Files left out by the dataset, then those found since, by place. */
  skipped(): SkippedImage[];
  /** What to throw when reading cannot go on. */
  tooMany(): DataError;
}

/** @param maxShare of the pictures that may be bad, 0 to 1 */
export function badPictures(dataset: Dataset, maxShare: number): BadPictures {
  const { size, name } = dataset;
  const found = new Map<number, string>();
  const named = (): SkippedImage[] => {
    const inOrder = [...found].sort(([a], [b]) => a - b);
    return inOrder.map(([index, reason]) => ({ path: dataset.describe?.(index) ?? `picture ${index}`, reason }));
  };
  const tooMany = (): DataError => {
    const fix = 'mend or remove them (ssl data inspect names them all)';
    const rule =
      found.size === size
        ? `at least one picture must be readable; got none in ${name}`
        : `at most ${+(100 * maxShare).toPrecision(3)} % of the pictures may be unreadable (maxBadShare); got ${found.size} of ${size} in ${name}`;
    return new DataError(`loader: ${rule}; ${describeSkipped(named(), size)}; ${fix}`);
  };
  return {
    found,
    add(index, reason) {
      found.set(index, reason);
      if (found.size > maxShare * size || found.size === size) throw tooMany();
    },
    skipped: () => [...(dataset.skipped ?? []), ...named()],
    tooMany,
  };
}
