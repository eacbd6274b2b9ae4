import { ConfigError } from '../errors.ts';
import { below, philoxStream } from './philox.ts';

/** Draws made outside the graph. The values depend on what the stream was made from and on how many were drawn, on nothing else. */
export interface HostRng {
  /** A real number in `[low, high)`, 53 random bits; `[0, 1)` when nothing is given. */
  uniform(low?: number, high?: number): number;
  /** Normally distributed. Box–Muller, one value for two uniforms, so that each draw moves the stream by the same step. */
  normal(mean?: number, std?: number): number;
  /** A whole number in `[low, high)`, every one equally likely. */
  int(low: number, high: number): number;
}

/** Values of the `view` word that no view uses, one for each thing drawn for a whole epoch or dataset. */
export const RESERVED_STREAMS = {
  order: 0xffff_ffff,
  split: 0xffff_fffe,
  labels: 0xffff_fffd,
  shards: 0xffff_fffc,
  sample: 0xffff_fffb,
  replacement: 0xffff_fff0,
  inspection: 0xffff_ffef,
  heldOut: 0xffff_ffee,
} as const;

const WORD = 2 ** 32;

/**
 * The generator of one view of one picture in one epoch, so that neither the number of workers nor a resume changes a draw.
 * @param seed whole number in `[0, 2^53)`.
 * @param epoch whole number in `[0, 2^32)`; `index` and `view` likewise.
 * @throws ConfigError when a number is out of range.
 */
export function hostRng(seed: number, epoch: number, index = 0, view = 0): HostRng {
  checkSeed('hostRng', seed);
  for (const [name, value] of Object.entries({ epoch, index, view })) checkWord('hostRng', name, value);
  const next = philoxStream(seed, index, view, epoch);
  const unit = (): number => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
  return {
    uniform: (low = 0, high = 1) => low + (high - low) * unit(),
    normal: (mean = 0, std = 1) => {
      // 1 − u lies in (0, 1], so the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log(1 - unit()));
      return mean + std * radius * Math.cos(2 * Math.PI * unit());
    },
    int: (low, high) => {
      const span = high - low;
      if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || span < 1 || span > WORD) {
        throw new ConfigError(`int: low and high must be whole numbers with low < high; got [${low}, ${high})`);
      }
      return low + below(next, span);
    },
  };
}

/** @throws ConfigError unless `seed` is a whole number in `[0, 2^53)`. */
export function checkSeed(who: string, seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ConfigError(`${who}: seed must be a whole number from 0 to 2^53 - 1; got ${seed}`);
  }
}

/** @throws ConfigError unless `value` is a whole number in `[0, 2^32)`. */
export function checkWord(who: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= WORD) {
    throw new ConfigError(`${who}: ${name} must be a whole number from 0 to 2^32 - 1; got ${value}`);
  }
}
