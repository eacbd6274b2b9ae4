/** Labels that come as text beside pictures, and the classes that they make up. */
import { DataError } from '../../errors.ts';

/** Labels of one file: what is written there, each value once, and which of them each picture has. */
export interface LabelColumn {
  /** `[n]`, an index into `values`, −1 for none. */
  readonly labels: Int32Array;
  readonly values: readonly string[];
}

export interface Labels {
  readonly classes: readonly string[];
  /** `[size]`, an index into `classes`, −1 for none. */
  readonly labels: Int32Array;
}

/** More values than this are captions, not classes. ImageNet-21k has 21,841 classes. */
export const MAX_CLASSES = 100_000;

export interface LabelCollector {
  /** @param value `undefined` or empty for none */
  add(value: string | undefined): void;
  finish(): LabelColumn;
}

/** @param who the caller @param where the file @throws DataError when the values are too many to be classes */
export function labelCollector(who: string, where: string): LabelCollector {
  const labels: number[] = [];
  const numbers = new Map<string, number>();
  return {
    add(value) {
      if (value === undefined || value === '') {
        labels.push(-1);
        return;
      }
      let number = numbers.get(value);
      if (number === undefined) {
        number = numbers.size;
        if (number === MAX_CLASSES) throw tooMany(who, where);
        numbers.set(value, number);
      }
      labels.push(number);
    },
    finish: () => ({ labels: Int32Array.from(labels), values: [...numbers.keys()] }),
  };
}

/**
 * The labels of all files as one column. Whole numbers are the labels themselves (−1 for none); their classes are `classes`, or named by
 * their numbers. Other values are names of classes: of `classes`, or all that occur, in order.
 * @returns nothing where no picture has a label.
 * @throws DataError for a value that is not among `classes`, or too many of them.
 */
export function joinLabels(
  who: string,
  columns: readonly LabelColumn[],
  classes: readonly string[] | undefined,
): Labels | undefined {
  const values = new Set<string>();
  for (const column of columns) for (const value of column.values) values.add(value);
  if (values.size === 0) return undefined;
  if (values.size > MAX_CLASSES) throw tooMany(who, 'all files');
  const numbered = [...values].every(value => /^(-1|\d{1,9})$/.test(value));
  const names = classes ?? (numbered ? numberNames(who, values) : [...values].sort());
  const places = new Map(names.map((name, place) => [name, place]));
  const labelOf = (value: string): number => {
    const place = places.get(value);
    if (place !== undefined && !numbered) return place;
    const number = numbered ? Number(value) : Number.NaN;
    if (number >= -1 && number < names.length) return number;
    throw new DataError(
      `${who}: a label must be one of the ${names.length} classes (${names.slice(0, 3).join(', ')}, …) or its number; got '${value}'; ` +
        'give all classes, in the order of their numbers',
    );
  };
  const labels = new Int32Array(columns.reduce((sum, column) => sum + column.labels.length, 0));
  let place = 0;
  for (const column of columns) {
    const numbers = column.values.map(labelOf);
    for (const label of column.labels) labels[place++] = label < 0 ? -1 : numbers[label]!;
  }
  return labels.some(label => label >= 0) ? { classes: names, labels } : undefined;
}

function numberNames(who: string, values: ReadonlySet<string>): string[] {
  const most = [...values].reduce((highest, value) => Math.max(highest, Number(value)), 0);
  if (most >= MAX_CLASSES) throw tooMany(who, `numbers up to ${most}`);
  return Array.from({ length: most + 1 }, (_, number) => String(number));
}

function tooMany(who: string, where: string): DataError {
  return new DataError(
    `${who}: labels must be at most ${MAX_CLASSES} classes; got more in ${where}; name the label that has the class, or set label to false`,
  );
}
