/** Checks a tensor's shape and names its lengths in one line: `const { N, P } = dims(z, 'N P')`. */
import { ShapeError } from '../errors.ts';
import type { Tensor } from './tf.ts';

type Name<Part extends string> = Part extends '' | '_' | `${number}` ? never : Part;

/** The names in a pattern. */
export type DimNames<Pattern extends string> = Pattern extends `${infer First} ${infer Rest}`
  ? Name<First> | DimNames<Rest>
  : Name<Pattern>;

/**
 * The lengths of a tensor's axes by name.
 * @param pattern one word an axis: a name binds its length (the same name twice: the same length), a whole number must be
 *   the length, `_` takes any. `''` is a scalar.
 * @param who starts the message.
 * Throws `ShapeError` when the shape does not fit.
 */
export function dims<const Pattern extends string>(
  { shape }: Pick<Tensor, 'shape'>,
  pattern: Pattern,
  who = 'dims',
): Readonly<Record<DimNames<Pattern>, number>> {
  const words = pattern.split(' ').filter(word => word !== '');
  const found = new Map<string, number>();
  const fits = words.every((word, i) => {
    const length = shape[i]!;
    if (word === '_') return true;
    if (/^\d+$/.test(word)) return length === Number(word);
    if (!found.has(word)) found.set(word, length);
    return length === found.get(word);
  });
  if (words.length !== shape.length || !fits) {
    throw new ShapeError(`${who}: must be [${words.join(', ')}]; got [${shape.join(', ')}]`);
  }
  return Object.fromEntries(found) as Record<DimNames<Pattern>, number>;
}
