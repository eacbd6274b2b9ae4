/** Where a loader takes its squares from: decoded anew each time, from memory, or from a file on disk. */
import { availableParallelism } from 'node:os';
import { forEachLimited } from '../parallel.ts';
import { newBlock, type PixelBlock, type PixelLayout, setRow, squareAt } from './pixel-block.ts';
import type { SquareReader } from './square-reader.ts';

export interface PixelStore {
  readonly layout: PixelLayout;
  /** Puts picture `index` into a row of `block`. @returns the reason where it cannot be read. */
  fill(block: PixelBlock, row: number, index: number): Promise<string | undefined>;
  /** Closes files. */
  close(): Promise<void>;
}

export interface BuildOptions {
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Pictures being read at once. */
  readonly concurrency?: number | undefined;
}

/** Pictures being read at once: some wait for storage while others are decoded. */
export const READS_IN_FLIGHT: number = Math.max(4, 2 * availableParallelism());

/** Every picture is read and decoded when it is asked for. */
export function decodingStore(layout: PixelLayout, read: SquareReader): PixelStore {
  return {
    layout,
    async fill(block, row, index) {
      const square = await read(index);
      if (typeof square === 'string') return square;
      setRow(block, row, square);
      return undefined;
    },
    close: async () => {},
  };
}

/** All pictures, decoded now and kept. */
export async function memoryStore(
  layout: PixelLayout,
  count: number,
  read: SquareReader,
  { onProgress, signal, concurrency = READS_IN_FLIGHT }: BuildOptions = {},
): Promise<PixelStore & { readonly block: PixelBlock; readonly failures: ReadonlyMap<number, string> }> {
  const block = newBlock(layout, count);
  const failures = new Map<number, string>();
  let done = 0;
  await forEachLimited(count, concurrency, async index => {
    signal?.throwIfAborted();
    const square = await read(index);
    if (typeof square === 'string') failures.set(index, square);
    else setRow(block, index, square);
    onProgress?.(++done, count);
  });
  return {
    layout,
    block,
    failures,
    async fill(into, row, index) {
      const reason = failures.get(index);
      if (reason === undefined) setRow(into, row, squareAt(block, index));
      return reason;
    },
    close: async () => {},
  };
}
