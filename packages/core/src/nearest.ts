/** The candidate with the fewest slips from `word`, the first of several; `undefined` when there are no candidates. Case, `-` and `_` do not count. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  return ranked(word, candidates)?.candidate;
}

/** `did you mean 'x'?` where a candidate is close enough to have been meant, or an empty string. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const best = ranked(word, candidates);
  // A third of the letters may differ: enough for slips, too little for another word.
  const close = best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3));
  return close ? `did you mean '${best.candidate}'?` : '';
}

function ranked(word: string, candidates: Iterable<string>): { candidate: string; distance: number } | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(plain(word), plain(candidate));
    if (!best || distance < best.distance) best = { candidate, distance };
  }
  return best;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, '');
}

/** Insertions, deletions and substitutions of one letter that turn `a` into `b` (Levenshtein's distance). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (letter === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1)!;
}
