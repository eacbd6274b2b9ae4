/**
 * Large pictures in parts of a batch, each taken through all ops before the next: what one op wrote is then still in the
 * processor's cache when the next one reads it. Views are drawn picture by picture, so the parts do not show in them.
 */
import { onGpu, splitRows } from '../../tensor/native.ts';
import type { Tensor } from '../../tensor/tf.ts';
import { leaves, mapTree, type Tree } from '../../tensor/tree.ts';

/**
 * Planes of a part: 8 views of 224² of a batch of 32. SimCLR's take 1.27 ms of a processor each in such parts, 1.3 in parts of 4 MiB,
 * 1.45 in parts of 9 MiB and 1.6 all at once (`bench/views.ts`, 1 MiB of L2 cache a core, 32 of L3).
 */
const PART_BYTES = 6 * 2 ** 20;
const FLOAT_BYTES = 4;

/**
 * @param area pixels of the largest plane that is made of a picture.
 * @param channels of a picture.
 * @param rows tensors `[B, …]`.
 * @returns the same for each part of the batch.
 */
export function inParts<T extends Tree>(area: number, channels: number, rows: T): readonly T[] {
  const batch = leaves(rows)[0]!.shape[0]!;
  const sizes = partSizes(batch, area * channels * FLOAT_BYTES);
  if (sizes.length === 1) return [rows];
  const parts = new Map<Tensor, Tensor[]>();
  for (const tensor of leaves(rows)) parts.set(tensor, splitRows(tensor, sizes));
  return sizes.map((_, i) => mapTree(rows, tensor => parts.get(tensor)![i]!));
}

/** How many pictures of `bytes` go into each part: equally many, or one more in the first ones. */
export function partSizes(batch: number, bytes: number): readonly number[] {
  if (onGpu()) return [batch]; // its memory is fast, and so many small ops would keep it waiting
  const count = Math.min(batch, Math.ceil(batch / Math.max(1, Math.floor(PART_BYTES / bytes))));
  return Array.from({ length: count }, (_, i) => Math.floor(batch / count) + (i < batch % count ? 1 : 0));
}
