import { expect, test } from 'vitest';
import { hostRng } from '../host-rng.ts';
import { nearHashes, RADIUS } from './near-hashes.ts';

function bits(n: number): number {
  let count = 0;
  for (let left = n; left !== 0; left &= left - 1) count++;
  return count;
}

/** Half of the hashes at random, half made from others by turning over 0 to 20 bits. */
function someHashes(count: number): Uint32Array {
  const rng = hostRng(5, 0);
  const hashes = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) {
    hashes[2 * i] = rng.int(0, 2 ** 32);
    hashes[2 * i + 1] = rng.int(0, 2 ** 32);
    if (i % 2 === 0) continue;
    const from = 2 * rng.int(0, i);
    hashes.copyWithin(2 * i, from, from + 2);
    for (let flips = rng.int(0, 21); flips > 0; flips--) hashes[2 * i + rng.int(0, 2)]! ^= 1 << rng.int(0, 32);
  }
  return hashes;
}

test('finds just the pairs that comparing all with all finds, each once', () => {
  const hashes = someHashes(1_500);
  const found: string[] = [];
  const crowded = nearHashes(hashes, (i, j) => {
    found.push(`${i} ${j}`);
    return false;
  });
  const expected: string[] = [];
  for (let i = 0; i < 1_500; i++) {
    for (let j = 0; j < i; j++) {
      const differing = bits(hashes[2 * i]! ^ hashes[2 * j]!) + bits(hashes[2 * i + 1]! ^ hashes[2 * j + 1]!);
      if (differing <= RADIUS) expected.push(`${i} ${j}`);
    }
  }
  expect(expected.length).toBeGreaterThan(300);
  expect(found.sort()).toEqual(expected.sort());
  expect(crowded).toBe(0);
});

test('a picture is done with when its visitor says so', () => {
  let visits = 0;
  nearHashes(new Uint32Array(2 * 50), () => {
    visits++;
    return true;
  });
  expect(visits).toBe(49);
});
