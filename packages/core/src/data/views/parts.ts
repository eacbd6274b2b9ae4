/**
 * Large pictures in parts of a batch, each taken through all ops before the next: what one op wrote is then still in the
 * processor's cache when the next one reads it. Views are drawn picture by picture, so the parts do not show in them.
 */
import { onGpu } from '../../tensor/native.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import type { Drawn } from './op.ts';

/**
 * Planes of a part: 8 views of 224² of a batch of 32. SimCLR's take 1.27 ms of a processor each in such parts, 1.3 in parts of 4 MiB,
 * 1.45 in parts of 9 MiB and 1.6 all at once (`bench/views.ts`, 1 MiB of L2 cache a core, 32 of L3).
 */
const PART_BYTES = 6 * 2 ** 20;
const FLOAT_BYTES = 4;

/**
 * @param area pixels of the largest plane that `change` makes of a picture.
 * @param pixels `[B, C, H, W]`
 * @param parameters of `change`, each tensor `[B]` or `[B, k]`.
 * @param change what is done to each part.
 * @returns what `change` returns, `[B, …]`.
 */
export function inParts(
  area: number,
  pixels: Tensor,
  parameters: readonly Drawn[],
  change: (pixels: Tensor, parameters: readonly Drawn[]) => Tensor,
): Tensor {
  const [batch, channels] = pixels.shape as [number, number];
  const sizes = partSizes(batch, area * channels * FLOAT_BYTES);
  if (sizes.length === 1) return change(pixels, parameters);
  const drawn = splitParameters(parameters, sizes);
  return tf.concat(tf.split(pixels, [...sizes]).map((part, i) => tf.tidy(() => change(part, drawn[i]!))));
}

/** How many pictures of `bytes` go into each part: equally many, or one more in the first ones. */
export function partSizes(batch: number, bytes: number): readonly number[] {
  if (onGpu()) return [batch]; // its memory is fast, and so many small ops would keep it waiting
  const count = Math.min(batch, Math.ceil(batch / Math.max(1, Math.floor(PART_BYTES / bytes))));
  return Array.from({ length: count }, (_, i) => Math.floor(batch / count) + (i < batch % count ? 1 : 0));
}

/** For each part the parameters of its pictures. */
function splitParameters(parameters: readonly Drawn[], sizes: readonly number[]): (readonly Drawn[])[] {
  const cut = parameters.map(drawn =>
    Object.entries(drawn).map(([name, values]) => [name, tf.split(values, [...sizes])] as const),
  );
  return sizes.map((_, i) => cut.map(drawn => Object.fromEntries(drawn.map(([name, parts]) => [name, parts[i]!]))));
}
