/** What two sets of named shapes do not have in common, and what that looks like. */

type Shapes = ReadonlyMap<string, readonly number[]>;

export interface StateDifference {
  /** Expected and not found. */
  readonly missing: readonly string[];
  /** Found and not expected. */
  readonly unexpected: readonly string[];
  /** Found with another shape. */
  readonly misshaped: readonly string[];
  /** Found as expected. */
  readonly matched: readonly string[];
}

export function stateDifference(expected: Shapes, found: Shapes): StateDifference {
  const names = [...expected.keys()].filter(name => found.has(name));
  const fits = (name: string): boolean =>
    `${found.get(name)}` === `${expected.get(name)}` && found.get(name)!.length === expected.get(name)!.length;
  return {
    missing: [...expected.keys()].filter(name => !found.has(name)),
    unexpected: [...found.keys()].filter(name => !expected.has(name)),
    misshaped: names.filter(name => !fits(name)),
    matched: names.filter(fits),
  };
}

/** The difference in words, the first few names of each kind. */
export function differenceText(
  { missing, unexpected, misshaped }: StateDifference,
  expected: Shapes,
  found: Shapes,
): string {
  const shapes = misshaped.map(name => `${name} [${found.get(name)}] for [${expected.get(name)}]`);
  return [
    listed(missing, `of ${expected.size} missing`),
    listed(unexpected, 'unknown'),
    listed(shapes, 'of another shape'),
  ]
    .filter(text => text !== '')
    .join(', ');
}

const LISTED = 3;

function listed(names: readonly string[], what: string): string {
  if (names.length === 0) return '';
  return `${names.length} ${what} (${names.slice(0, LISTED).join(', ')}${names.length > LISTED ? ', …' : ''})`;
}

/** True when so little fits that one cannot be meant for the other. */
export function looksForeign({ matched }: StateDifference, expected: Shapes): boolean {
  return matched.length * 2 < expected.size;
}

/** What stands in front of most of the expected names in `found`, such as `module.`; empty when nothing does. */
export function commonPrefix(expected: Shapes, found: Shapes): string {
  const counts = new Map<string, number>();
  for (const name of found.keys()) {
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const prefix = name.slice(0, dot + 1);
      if (expected.has(name.slice(dot + 1))) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }
  const [prefix, count] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? ['', 0];
  return count * 2 > expected.size ? prefix : '';
}
