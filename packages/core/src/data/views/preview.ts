import { rngFromSeed } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import type { DecodedImage } from '../decode.ts';
import { applyViews, drawParameters, type PictureSizes } from './draw.ts';
import { everyView, type ViewPlan } from './plan.ts';

/** One op as it was drawn for one picture: numbers by name. */
export interface DrawnOp {
  readonly op: string;
  readonly parameters: Readonly<Record<string, number | readonly number[]>>;
}

/** One view of one picture, on the host; not normalised. */
export interface PreviewedView extends DecodedImage {
  readonly drawn: readonly DrawnOp[];
}

/**
 * What a plan does to some pictures, to be looked at.
 * @param images `[B, H, W, C]`, 0 to 255.
 * @returns for each picture its views, with what was drawn for them. The same seed draws the same.
 */
export async function previewViews(
  plan: ViewPlan,
  images: Tensor,
  seed: number,
  pictures: PictureSizes = {},
): Promise<readonly (readonly PreviewedView[])[]> {
  const plain = plan.map(({ count, size, ops }) => ({ count, size, ops }));
  const [batch, , , channels] = images.shape as [number, number, number, number];
  const { parameters, pixels } = tf.tidy(() => {
    const drawn = drawParameters(plain, images.shape, { rng: rngFromSeed(seed), ...pictures });
    const bytes = applyViews(plain, images, drawn).map(view => tf.round(view.mul(255)));
    return { parameters: drawn.map(ops => ops.map(op => ({ ...op }))), pixels: bytes };
  });
  // One after another: the library takes a few hundred calls at a time, and a plan of many views has more numbers than that.
  const values: Entry['values'][] = [];
  for (const view of pixels) values.push(await view.data<'float32'>());
  const numbers = parameters.map(ops => ops.map(op => Object.entries(op).map(read)));
  tf.dispose([pixels, parameters]);
  return Array.from({ length: batch }, (_, b) =>
    everyView(plain).map(({ size, ops }, v) => {
      const length = size * size * channels;
      const drawn = ops.map(({ op }, i) => ({
        op,
        parameters: Object.fromEntries(numbers[v]![i]!.map(entry => rowOf(entry, b))),
      }));
      const data = Uint8Array.from(values[v]!.subarray(b * length, (b + 1) * length));
      return { width: size, height: size, channels, data, drawn };
    }),
  );
}

interface Entry {
  readonly name: string;
  readonly width: number;
  readonly values: Float32Array | Int32Array | Uint8Array;
}

function read([name, tensor]: [string, Tensor]): Entry {
  return { name, width: tensor.shape[1] ?? 1, values: tensor.dataSync() };
}

function rowOf({ name, width, values }: Entry, row: number): [string, number | number[]] {
  const own = Array.from(values.subarray(row * width, (row + 1) * width));
  return [name, own.length === 1 ? own[0]! : own];
}
