/** Numbers of several runs in one, and what both sides of a comparison say about themselves. */
import { readFileSync } from 'node:fs';
import { median } from './result.ts';

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** How many values. */
  readonly count: number;
}

/** Throws when there is nothing to sum up: whoever drops every step as warm-up has measured nothing. */
export function summary(values: readonly number[]): Summary {
  if (values.length === 0)
    throw new Error('bench: values must be left after the warm-up; got none; use more steps, or less warm-up');
  return {
    median: rounded(median(values)),
    min: rounded(Math.min(...values)),
    max: rounded(Math.max(...values)),
    count: values.length,
  };
}

/** Four digits: more is noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** `{ size: 32, layout: 'x' }` as `--size 32 --layout x`. */
export function flagsOf(options: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** The largest resident memory of this process so far, MiB. */
export function peakMb(): number {
  try {
    return rounded(Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024);
  } catch {
    return rounded(process.resourceUsage().maxRSS / 1024); // not Linux; may be what the parent had
  }
}
