/** What a few pictures say about the rest: the size of a view, whether there is any color. */
import type { Dataset } from '../dataset.ts';
import type { DecodedImage } from '../decode.ts';

/** Pictures that are looked at. */
const SAMPLE = 16;
/** Shorter side, pixels, at which they are. */
const SAMPLE_SIDE = 32;

/** Views are no larger unless asked for: the size at which most published networks were trained. */
const LARGEST_VIEW = 224;
/** Strides of a ResNet with the ImageNet stem, multiplied: sizes of views are multiples of it. */
const GRAIN = 32;

/** The batch for which the learning rates of the recipes are given. */
const LARGEST_BATCH = 256;
/** Steps that an epoch should have at least. */
const STEPS = 16;

export interface Looked {
  /** Whether all that was looked at has three equal channels. */
  readonly grey: boolean;
  /** Pixels, for views where no other size is asked for: see {@link suggestViewSize}. */
  readonly viewSize: number;
}

/** What a sample of the pictures, spread evenly, is like. Broken ones do not count. */
export async function lookAt(dataset: Dataset): Promise<Looked> {
  const count = Math.min(SAMPLE, dataset.size);
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * dataset.size) / count));
  const found = await Promise.all(
    indices.map(index => dataset.image(index, { shorterSide: SAMPLE_SIDE }).catch(() => undefined)),
  );
  const pictures = found.filter(picture => picture !== undefined);
  const sides = pictures.map(({ source, width, height }) => Math.min(source?.width ?? width, source?.height ?? height));
  return { grey: pictures.length > 0 && pictures.every(isGrey), viewSize: suggestViewSize(sides) };
}

/** The median shorter side, down to a multiple of 32, at least 32 and at most 224: no view is then much larger than its picture. */
export function suggestViewSize(shorterSides: ArrayLike<number>): number {
  const sides = Float64Array.from(shorterSides).sort();
  const median = sides[sides.length >> 1] ?? LARGEST_VIEW;
  return Math.min(LARGEST_VIEW, Math.max(GRAIN, median - (median % GRAIN)));
}

/** The largest power of two up to 256 that leaves an epoch 16 steps; at least 2, as contrast needs two pictures. */
export function suggestBatchSize(pictures: number): number {
  const fitting = 2 ** Math.floor(Math.log2(Math.max(2, pictures / STEPS)));
  return Math.min(LARGEST_BATCH, fitting);
}

/** Whether a picture of three channels has no color: they are equal everywhere. */
export function isGrey({ data, channels }: DecodedImage): boolean {
  if (channels !== 3) return false;
  for (let i = 0; i < data.length; i += 3) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  return true;
}
