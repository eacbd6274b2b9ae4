/** Finds hashes that differ in few bits without comparing all with all (multi-index hashing, Norouzi, Punjani and Fleet 2012). */

/** Bits in which the hashes of two copies may differ. */
export const RADIUS = 10;
/** Parts of a hash. Of {@link RADIUS} differing bits at most {@link PROBE} can fall into every part, so one part is nearly equal. */
const BANDS = 4;
const BAND_BITS = 16;
const PROBE = Math.floor(RADIUS / BANDS);
/** Hashes looked at for one picture before it is given up as one of a crowd: all of them are nearly equal. */
const MOST_LOOKED_AT = 100_000;

/** Differences of a band that are looked up: 0, one bit, two bits. */
const MASKS = Uint32Array.from(
  Array.from({ length: 1 << BAND_BITS }, (_, mask) => mask)
    .filter(mask => popcount(mask) <= PROBE)
    .sort((a, b) => popcount(a) - popcount(b) || a - b),
);

/**
 * Calls `visit(i, j)` for every two of the hashes, j < i, that differ in at most {@link RADIUS} bits, each pair once, i rising. `visit` may
 * return true when nothing more is to be found for `i`.
 * @param hashes `[N, 2]`, low and high halves.
 * @returns how many hashes had so many neighbors that the search for theirs was cut short.
 */
export function nearHashes(hashes: Uint32Array, visit: (i: number, j: number) => boolean | undefined): number {
  const count = hashes.length / 2;
  const bands = Array.from({ length: BANDS }, (_, band) => bucketsOf(hashes, band));
  let crowded = 0;
  for (let i = 1; i < count; i++) if (!search(hashes, bands, i, visit)) crowded++;
  return crowded;
}

/** Hashes by the value of one of their parts: those of value `v` are `members[starts[v]]` up to `members[starts[v + 1]]`, rising. */
interface Buckets {
  readonly starts: Uint32Array;
  readonly members: Uint32Array;
}

function bucketsOf(hashes: Uint32Array, band: number): Buckets {
  const count = hashes.length / 2;
  const starts = new Uint32Array((1 << BAND_BITS) + 1);
  for (let i = 0; i < count; i++) starts[bandOf(hashes, i, band) + 1]!++;
  for (let v = 0; v < 1 << BAND_BITS; v++) starts[v + 1]! += starts[v]!;
  const next = starts.slice();
  const members = new Uint32Array(count);
  for (let i = 0; i < count; i++) members[next[bandOf(hashes, i, band)]!++] = i;
  return { starts, members };
}

function bandOf(hashes: Uint32Array, i: number, band: number): number {
  return (hashes[2 * i + (band >> 1)]! >>> (BAND_BITS * (band & 1))) & 0xffff;
}

/** @returns false when it was cut short. */
function search(
  hashes: Uint32Array,
  bands: readonly Buckets[],
  i: number,
  visit: (i: number, j: number) => boolean | undefined,
): boolean {
  const [low, high] = [hashes[2 * i]!, hashes[2 * i + 1]!];
  let looked = 0;
  for (const [band, { starts, members }] of bands.entries()) {
    const value = bandOf(hashes, i, band);
    for (const mask of MASKS) {
      const end = starts[(value ^ mask) + 1]!;
      for (let at = starts[value ^ mask]!; at < end; at++) {
        const j = members[at]!;
        if (j >= i) break;
        if (++looked > MOST_LOOKED_AT) return false;
        const [x, y] = [low ^ hashes[2 * j]!, high ^ hashes[2 * j + 1]!];
        if (popcount(x) + popcount(y) > RADIUS || foundBefore(x, y, band)) continue;
        if (visit(i, j)) return true;
      }
    }
  }
  return true;
}

/** Whether an earlier part is nearly equal too, so that the pair was found there. */
function foundBefore(x: number, y: number, band: number): boolean {
  for (let b = 0; b < band; b++) {
    if (popcount(((b < 2 ? x : y) >>> (BAND_BITS * (b & 1))) & 0xffff) <= PROBE) return true;
  }
  return false;
}

/** Bits that are 1 in 32 (Warren, "Hacker's Delight", section 5-1). */
function popcount(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
