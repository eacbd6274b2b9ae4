/** Which pictures are copies of others: the same file, the same pixels, or nearly so. */
import { digestKey, type Facts, reducedOf } from './facts.ts';
import { nearHashes } from './near-hashes.ts';
import { isCopy } from './signature.ts';

/** `file`: the same bytes. `pixels`: the same once decoded. `near`: to the eye, compressed again or at another size, say. */
export type CopyKind = 'file' | 'pixels' | 'near';

/** Rows of the table. */
export interface Copies {
  /** Pictures that are copies of each other, the first one first, with how each of the others came in. A near copy of a near copy is one. */
  readonly groups: readonly { readonly rows: readonly number[]; readonly kinds: readonly (CopyKind | undefined)[] }[];
  /** Pictures of a later part with a copy in an earlier one. */
  readonly leaks: readonly { readonly row: number; readonly of: number; readonly kind: CopyKind }[];
  /** Pictures with so many that look alike that not all were compared. */
  readonly crowded: number;
}

/** Copies found for one picture before the rest is left to its group. */
const MOST_NEAR = 64;

export function findCopies(facts: Facts): Copies {
  const same = samePixels(facts);
  const { edges, crowded } = nearCopies(facts, same);
  return { groups: groupsOf(facts, same, edges), leaks: leaksOf(facts, same, edges), crowded };
}

/** `[rows]`: the first row with the same pixels; −1 where the picture cannot be read. */
function samePixels({ rows, pixelDigest, failures }: Facts): Int32Array {
  const first = new Map<string, number>();
  return Int32Array.from({ length: rows }, (_, row) => {
    if (failures.has(row)) return -1;
    const key = digestKey(pixelDigest, row);
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, row);
    return earlier ?? row;
  });
}

type Edge = readonly [later: number, earlier: number];

/** Between rows that are the first of their pixels. */
function nearCopies(facts: Facts, same: Int32Array): { edges: Edge[]; crowded: number } {
  const firsts = Uint32Array.from({ length: facts.rows }, (_, row) => row).filter(row => same[row] === row);
  const hashes = new Uint32Array(firsts.length * 2);
  firsts.forEach((row, i) => {
    hashes.set(facts.hash.subarray(2 * row, 2 * row + 2), 2 * i);
  });
  const edges: Edge[] = [];
  let [current, found] = [-1, 0];
  const crowded = nearHashes(hashes, (i, j) => {
    if (i !== current) [current, found] = [i, 0];
    const [later, earlier] = [firsts[i]!, firsts[j]!];
    if (!isCopy(reducedOf(facts, later), reducedOf(facts, earlier))) return false;
    edges.push([later, earlier]);
    return ++found === MOST_NEAR;
  });
  return { edges, crowded };
}

function groupsOf(facts: Facts, same: Int32Array, edges: readonly Edge[]): Copies['groups'] {
  const root = Int32Array.from(same);
  const rootOf = (row: number): number => {
    let at = row;
    while (root[at] !== at) {
      root[at] = root[root[at]!]!; // halves the way for the next
      at = root[at]!;
    }
    return at;
  };
  for (const [a, b] of edges) {
    const [x, y] = [rootOf(a), rootOf(b)];
    root[Math.max(x, y)] = Math.min(x, y);
  }
  const members = new Map<number, number[]>();
  for (let row = 0; row < facts.rows; row++) {
    if (same[row]! < 0) continue;
    const top = rootOf(row);
    const group = members.get(top);
    if (group) group.push(row);
    else members.set(top, [row]);
  }
  const kind = (row: number, at: number): CopyKind | undefined =>
    same[row] !== row ? exactKind(facts, row, same[row]!) : at === 0 ? undefined : 'near';
  return [...members.values()].filter(rows => rows.length > 1).map(rows => ({ rows, kinds: rows.map(kind) }));
}

function exactKind({ fileDigest, bytes }: Facts, a: number, b: number): CopyKind {
  return bytes[a]! > 0 && digestKey(fileDigest, a) === digestKey(fileDigest, b) ? 'file' : 'pixels';
}

function leaksOf(facts: Facts, same: Int32Array, edges: readonly Edge[]): Copies['leaks'] {
  if (facts.splits.length < 2) return [];
  const near = new Map<number, number[]>(); // of firsts
  for (const [a, b] of edges) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const others = near.get(from);
      if (others) others.push(to);
      else near.set(from, [to]);
    }
  }
  const leaks: { row: number; of: number; kind: CopyKind }[] = [];
  for (let row = 0; row < facts.rows; row++) {
    const first = same[row]!;
    if (first < 0) continue;
    const own = facts.split[row]!;
    if (facts.split[first]! < own) leaks.push({ row, of: first, kind: exactKind(facts, row, first) });
    else {
      const of = near.get(first)?.find(other => facts.split[other]! < own);
      if (of !== undefined) leaks.push({ row, of, kind: 'near' });
    }
  }
  return leaks;
}
