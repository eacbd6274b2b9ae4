import { DataError } from '../errors.ts';
import type { Dataset } from './dataset.ts';

/**
 * Which pictures have which label, each group in the dataset's order. The key −1 holds those without a label.
 * @param who the caller, for the message.
 * @throws DataError when the dataset has no labels.
 */
export function labelGroups(who: string, dataset: Dataset): Map<number, Uint32Array> {
  const { labels, name, size } = dataset;
  if (!labels) throw new DataError(`${who}: the dataset must have labels; got none in ${name}; open it with labels`);
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const groups = new Map(
    [...counts].sort(([a], [b]) => a - b).map(([label, count]) => [label, new Uint32Array(count)]),
  );
  const filled = new Map<number, number>();
  for (let index = 0; index < size; index++) {
    const label = labels[index]!;
    const place = filled.get(label) ?? 0;
    groups.get(label)![place] = index;
    filled.set(label, place + 1);
  }
  return groups;
}

/** The name of a class for messages. */
export function className({ classes }: Dataset, label: number): string {
  return label < 0 ? 'no label' : (classes?.[label] ?? String(label));
}
