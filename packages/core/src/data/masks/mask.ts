/**
 * Masks name tokens of a grid, row by row from the upper left, and are drawn on the host: a mask's size must not change from image to
 * image, or every step would need a graph of its own.
 */
import { ConfigError } from '../../errors.ts';
import type { HostRng } from '../host-rng.ts';

/** Draws masks of one kind. `draw` gives what a method's `draw` gives. */
export interface Mask<Part extends string> {
  /** How many numbers `draw` gives for each part, always. */
  readonly lengths: Readonly<Record<Part, number>>;
  /** Token numbers by part. The same stream draws the same mask. */
  draw(rng: HostRng): Record<Part, Int32Array>;
}

/** Rows and columns of tokens: 14 and 14 for 224 pixels and patches of 16. */
export type Grid = readonly [rows: number, columns: number];

/** @throws ConfigError unless both sides are whole numbers from 2. */
export function checkGrid(who: string, grid: Grid): void {
  const right = Array.isArray(grid) && grid.length === 2 && grid.every(side => Number.isSafeInteger(side) && side >= 2);
  if (!right) {
    throw new ConfigError(`${who}: grid must be [rows, columns], whole numbers from 2; got ${JSON.stringify(grid)}`);
  }
}

/** Where a list of flags is 1, and where it is 0, both rising. */
export function whereSet(flags: Uint8Array): { set: Int32Array; clear: Int32Array } {
  const all = Int32Array.from(flags.keys());
  return { set: all.filter(i => flags[i] === 1), clear: all.filter(i => flags[i] === 0) };
}
