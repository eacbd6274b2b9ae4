/** The arguments of step `n`, from nothing but the run's settings and `n`: what makes a resumed run the same run. */
import { batches, epochOrder, type PackedPixels } from '../data/index.ts';
import type { Method, StepInput } from '../method/index.ts';
import { type Recipe, recipeSchedule } from '../method/recipe.ts';
import { byteTensor } from '../tensor/native.ts';
import { stepKey } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

export interface Feed {
  /** Images. */
  readonly size: number;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  learningRate(step: number): number;
  /** The caller disposes of it. @param step from 0 */
  at(step: number): StepInput;
}

export function feedOf(method: Method, pixels: PackedPixels, recipe: Recipe, seed: number): Feed {
  const { batchSize, epochs, weightDecay } = recipe;
  const stepsPerEpoch = Math.floor(pixels.count / batchSize);
  const steps = stepsPerEpoch * epochs;
  const schedule = recipeSchedule(recipe, batchSize, stepsPerEpoch);
  const learningRate = (step: number): number => schedule(step, steps);
  let current: { epoch: number; parts: Uint32Array[] } | undefined;
  const rowsOf = (epoch: number, part: number): Uint32Array => {
    if (current?.epoch !== epoch) current = { epoch, parts: batches(epochOrder(pixels.count, seed, epoch), batchSize) };
    return current.parts[part]!;
  };
  const at = (step: number): StepInput => {
    const epoch = Math.floor(step / stepsPerEpoch);
    const rows = rowsOf(epoch, step % stepsPerEpoch);
    const time = { step, steps, stepsPerEpoch };
    const scheduled = Object.entries(method.schedules ?? {}).map(
      ([name, value]) => [name, tf.scalar(value(time))] as const,
    );
    return {
      ...gather(pixels, rows),
      drawn: drawn(method, seed, epoch, rows),
      key: stepKey(seed, step),
      learningRate: tf.scalar(learningRate(step)),
      weightDecay: tf.scalar(weightDecay),
      update: tf.scalar(step + 1),
      fraction: tf.scalar(steps > 1 ? step / (steps - 1) : 1),
      epoch: tf.scalar(epoch),
      scheduled: Object.fromEntries(scheduled),
    };
  };
  return { size: pixels.count, steps, stepsPerEpoch, learningRate, at };
}

/** Rows of the packed pixels as tensors; an image's index is its row, so that indices, draws and features of a whole epoch agree. */
export function gather(
  pixels: PackedPixels,
  rows: Uint32Array,
): Pick<StepInput, 'images' | 'sizes' | 'indices' | 'labels'> {
  const { data, size, channels, widths, heights, labels } = pixels;
  const bytes = size * size * channels;
  const images = new Uint8Array(rows.length * bytes);
  const sizes = new Float32Array(rows.length * 2);
  rows.forEach((row, i) => {
    images.set(data.subarray(row * bytes, (row + 1) * bytes), i * bytes);
    sizes.set([heights[row]!, widths[row]!], 2 * i);
  });
  const take = (values: ArrayLike<number>): Tensor =>
    tf.tensor1d(
      Int32Array.from(rows, row => values[row]!),
      'int32',
    );
  return {
    images: byteTensor(images, [rows.length, size, size, channels]),
    sizes: tf.tensor2d(sizes, [rows.length, 2]),
    indices: tf.tensor1d(Int32Array.from(rows), 'int32'),
    labels: labels ? [take(labels)] : [],
  };
}

function drawn(method: Method, seed: number, epoch: number, rows: Uint32Array): Record<string, Tensor> {
  if (!method.draw) return {};
  const each = Array.from(rows, index => method.draw!({ seed, epoch, index }));
  const names = Object.keys(each[0]!);
  return Object.fromEntries(
    names.map(name => {
      const width = each[0]![name]!.length;
      const values = Int32Array.from(each.flatMap(one => [...one[name]!]));
      return [name, tf.tensor2d(values, [rows.length, width], 'int32')];
    }),
  );
}
