import type { Dataset } from '../dataset.ts';
import { forEachLimited } from '../parallel.ts';
import type { BadPictures } from './bad-pictures.ts';
import { clearRow, newBlock, type PixelBlock } from './pixel-block.ts';
import { type PixelStore, READS_IN_FLIGHT } from './pixel-store.ts';

/** Pictures as a step takes them. */
export interface HostBatch extends PixelBlock {
  /** `[count]`: which pictures they are; in place of an unreadable one, the one that was taken instead. */
  readonly indices: Uint32Array;
  /** `[count]`, where the dataset has labels. */
  readonly labels?: Int32Array;
  /**
   * Says that nothing of the batch is needed any more, at most once: its memory is then another one's. Without it the memory is collected some
   * time later, and with batches of megabytes that alone takes a tenth of the time.
   */
  readonly release: () => void;
}

/** Draws of a replacement before giving up: with half of the pictures bad, one in 2^64 would get there. */
const REPLACEMENTS = 64;

/** From the place of an unreadable picture to draws of others. */
export type Replace = (index: number) => () => number;

/** Reads pictures `indices` into a batch. @param replace left out, the rows of unreadable ones are zero. */
export type FillBatch = (indices: Uint32Array, replace?: Replace) => Promise<HostBatch>;

export function batchFiller({ labels }: Dataset, store: PixelStore, bad: BadPictures): FillBatch {
  /** Reads one row. @returns the picture that it now holds. */
  const fillRow = async (block: PixelBlock, row: number, wanted: number, replace?: Replace): Promise<number> => {
    let index = wanted;
    let draw: (() => number) | undefined;
    for (let attempt = 0; ; attempt++) {
      const known = bad.found.get(index);
      const reason = known ?? (await store.fill(block, row, index));
      if (reason === undefined) return index;
      if (known === undefined) bad.add(index, reason);
      if (!replace) {
        clearRow(block, row);
        return index;
      }
      if (attempt === REPLACEMENTS) throw bad.tooMany();
      draw ??= replace(wanted);
      index = draw();
    }
  };
  const released: PixelBlock[] = [];
  const blockOf = (count: number): PixelBlock => {
    const at = released.findIndex(block => block.count === count);
    return at < 0 ? newBlock(store.layout, count) : released.splice(at, 1)[0]!;
  };
  return async (wanted, replace) => {
    const block = blockOf(wanted.length);
    const indices = new Uint32Array(wanted.length);
    await forEachLimited(wanted.length, READS_IN_FLIGHT, async row => {
      indices[row] = await fillRow(block, row, wanted[row]!, replace);
    });
    const release = (): unknown => released.push(block);
    return { ...block, indices, release, ...(labels && { labels: Int32Array.from(indices, index => labels[index]!) }) };
  };
}
