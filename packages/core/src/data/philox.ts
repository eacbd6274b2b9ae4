/**
 * Philox4x32-10, the counter-based generator of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011):
 * ten rounds turn a counter of four words and a key of two words into four random words. Nothing is carried from draw to
 * draw, so any place of any stream is reached at once, which is what a resumed run and a second worker need.
 * The constants are those of the paper's section 5.3.
 */
const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

const WORD = 2 ** 32;

/** High 32 bits of the 64-bit product of two 32-bit words. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

export type Words4 = readonly [number, number, number, number];

/** One block: four words in `[0, 2^32)` for a counter and a key of words in the same range. */
export function philox4x32(counter: Words4, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/**
 * Endless words in `[0, 2^32)`, one stream for each `(seed, a, b, c)`.
 * @param seed whole number in `[0, 2^53)`; `a`, `b`, `c` whole numbers in `[0, 2^32)`.
 */
export function philoxStream(seed: number, a: number, b: number, c: number): () => number {
  const key = [seed >>> 0, Math.floor(seed / WORD)] as const;
  let block = 0;
  let place = 4;
  let words: Words4 = [0, 0, 0, 0];
  return () => {
    if (place === 4) {
      words = philox4x32([block++, a, b, c], key);
      place = 0;
    }
    return words[place++]!;
  };
}

/** A whole number in `[0, bound)` without bias, for `bound` in `[1, 2^32]`: words above the last full multiple are drawn anew. */
export function below(next: () => number, bound: number): number {
  const limit = WORD - (WORD % bound);
  for (;;) {
    const word = next();
    if (word < limit) return word % bound;
  }
}
