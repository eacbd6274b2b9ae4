import { ConfigError } from '../../errors.ts';
import { type HostRng, hostRng } from '../host-rng.ts';
import { checkWhole } from './check.ts';

export interface PermutationSetOptions {
  /** Permutations in the set: the classes of the puzzle. */
  readonly count: number;
  /** Pieces of the puzzle, at most 9. */
  readonly pieces?: number;
  /**
   * What each further permutation makes as large as it can: its `mean` Hamming distance to those chosen before (algorithm 1 of the
   * paper, and VISSL's `max_avg`), or its `smallest` one (VISSL's `max_min`).
   */
  readonly distance?: 'mean' | 'smallest';
  /** Which permutation is the first; all others follow from it. */
  readonly seed?: number;
}

const MOST_PIECES = 9;

/**
 * Orders of puzzle pieces that are as far apart as can be, chosen one after another among all (Noroozi and Favaro, arXiv:1603.09246,
 * algorithm 1; facebookresearch/vissl `extra_scripts/generate_jigsaw_permutations.py`). The first of several equally good ones is taken,
 * in the order of a dictionary. The paper has 100 classes, PIRL's Jigsaw 2,000: less than a second and about ten of 9 pieces.
 * @param options `pieces`, default 9; `distance`, default `mean`; `seed`, default 0.
 * @returns `count` permutations of 0 … `pieces` - 1.
 * @throws ConfigError when there are not so many permutations.
 */
export function permutationSet({
  count,
  pieces = MOST_PIECES,
  distance = 'mean',
  seed = 0,
}: PermutationSetOptions): number[][] {
  checkWhole('permutationSet', 'pieces', pieces, [2, MOST_PIECES]);
  if (distance !== 'mean' && distance !== 'smallest') {
    throw new ConfigError(`permutationSet: distance must be mean or smallest; got ${String(distance)}`);
  }
  const all = everyPermutation(pieces);
  const total = all.length / pieces;
  checkWhole('permutationSet', 'count', count, [1, total]);
  // The sum of the distances to those chosen, or the smallest of them; -1 for one that is chosen.
  const score = new Int32Array(total).fill(distance === 'mean' ? 0 : pieces);
  const chosen = [hostRng(seed, 0).int(0, total)];
  const differs = new Uint8Array(pieces * pieces); // of each place and piece, whether the last one chosen has another piece there
  while (chosen.length < count) {
    const last = chosen.at(-1)!;
    differs.fill(1);
    for (let i = 0; i < pieces; i++) differs[i * pieces + all[last * pieces + i]!] = 0;
    score[last] = -1;
    let best = -1;
    for (let k = 0; k < total; k++) {
      if (score[k]! < 0) continue;
      let far = 0;
      for (let i = 0, at = k * pieces; i < pieces; i++) far += differs[i * pieces + all[at + i]!]!;
      const updated = distance === 'mean' ? score[k]! + far : Math.min(score[k]!, far);
      score[k] = updated;
      if (best < 0 || updated > score[best]!) best = k;
    }
    chosen.push(best);
  }
  return chosen.map(k => Array.from(all.subarray(k * pieces, (k + 1) * pieces)));
}

/** All permutations of 0 … `n` - 1 in the order of a dictionary, one after another. */
function everyPermutation(n: number): Uint8Array {
  let shorter = Uint8Array.of(0);
  for (let size = 2; size <= n; size++) {
    // After a first piece come the others in every order.
    const rows = shorter.length / (size - 1);
    const longer = new Uint8Array(size * rows * size);
    for (let k = 0, at = 0; k < size * rows; k++) {
      const [first, row] = [Math.floor(k / rows), (k % rows) * (size - 1)];
      longer[at++] = first;
      for (let i = 0; i < size - 1; i++) longer[at++] = shorter[row + i]! + (shorter[row + i]! < first ? 0 : 1);
    }
    shorter = longer;
  }
  return shorter;
}

/** A random order of 0 … `n` - 1, every one equally likely: PIRL's patches, drawn by a method's `draw`. */
export function shuffled(n: number, rng: HostRng): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = rng.int(0, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
