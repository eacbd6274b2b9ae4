/** Ways to damage a file. */
import type { HostRng } from '../../../packages/core/src/data/index.ts';

type Mutation = (bytes: Uint8Array, rng: HostRng, others: readonly Uint8Array[]) => Uint8Array;

/** Where the header and its tables are in every format. */
const HEADER = 64;

function changed(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (copy.length > 0) change(copy);
  return copy;
}

/** A place anywhere, or within the header. */
function place({ length }: Uint8Array, rng: HostRng, within: number = length): number {
  return rng.int(0, Math.max(1, Math.min(length, within)));
}

function flips(within: number): Mutation {
  return (bytes, rng) =>
    changed(bytes, copy => {
      const count = rng.int(1, 33);
      for (let i = 0; i < count; i++) copy[place(copy, rng, within)]! ^= 1 << rng.int(0, 8);
    });
}

function overwritten(value: (rng: HostRng) => number): Mutation {
  return (bytes, rng) =>
    changed(bytes, copy => {
      const start = place(copy, rng);
      const end = Math.min(copy.length, start + rng.int(1, 200));
      for (let i = start; i < end; i++) copy[i] = value(rng);
    });
}

const EXTREMES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/** By name, which is also the folder of the files. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'cut-anywhere': (bytes, rng) => bytes.subarray(0, place(bytes, rng)),
  'cut-in-header': (bytes, rng) => bytes.subarray(0, place(bytes, rng, HEADER)),
  'cut-near-end': (bytes, rng) => bytes.subarray(0, Math.max(0, bytes.length - rng.int(1, 16))),
  'cut-at-start': (bytes, rng) => bytes.subarray(place(bytes, rng, HEADER)),
  'bits-anywhere': flips(Number.MAX_SAFE_INTEGER),
  'bits-in-header': flips(HEADER),
  'extreme-in-header': (bytes, rng) =>
    changed(bytes, copy => {
      const start = place(copy, rng, 4 * HEADER);
      copy.fill(EXTREMES[rng.int(0, EXTREMES.length)]!, start, start + rng.int(1, 9));
    }),
  zeroed: overwritten(() => 0),
  noise: overwritten(rng => rng.int(0, 256)),
  inserted: (bytes, rng) => {
    const at = place(bytes, rng);
    const between = Uint8Array.from({ length: rng.int(1, 64) }, () => rng.int(0, 256));
    return Buffer.concat([bytes.subarray(0, at), between, bytes.subarray(at)]);
  },
  removed: (bytes, rng) => {
    const at = place(bytes, rng);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + rng.int(1, 64))]);
  },
  repeated: (bytes, rng) => {
    const at = place(bytes, rng);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - rng.int(1, 200)))]);
  },
  'header-of-another': (bytes, rng, others) => {
    const other = others[rng.int(0, others.length)]!;
    const length = rng.int(4, HEADER);
    return Buffer.concat([other.subarray(0, length), bytes.subarray(length)]);
  },
  'tail-of-another': (bytes, rng, others) => {
    const other = others[rng.int(0, others.length)]!;
    return Buffer.concat([bytes.subarray(0, place(bytes, rng)), other.subarray(place(other, rng))]);
  },
  trailing: (bytes, rng) => Buffer.concat([bytes, Uint8Array.from({ length: rng.int(1, 500) }, () => rng.int(0, 256))]),
};
