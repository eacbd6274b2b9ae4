/** The arguments of step `n`, from nothing but the run's settings and `n`: what makes a resumed run the same run. */
import type { HostBatch, Loader } from '../data/index.ts';
import type { Method, StepInput } from '../method/index.ts';
import { decaySchedule, type Recipe, recipeSchedule } from '../method/recipe.ts';
import { pixelTensor } from '../tensor/native.ts';
import { stepKey } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { leaves } from '../tensor/tree.ts';

export interface Feed {
  /** Images. */
  readonly size: number;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  learningRate(step: number): number;
  /** The caller disposes of it. @param step from 0 */
  at(step: number): Promise<StepInput>;
  /** Starts to make the arguments of a step that is asked for next, while another step runs. */
  prepare(step: number): void;
  /** Frees what was prepared and not asked for. */
  dispose(): Promise<void>;
}

export function feedOf(method: Method, loader: Loader, recipe: Recipe, seed: number): Feed {
  const { batchSize, epochs } = recipe;
  const { stepsPerEpoch } = loader;
  const steps = stepsPerEpoch * epochs;
  const schedule = recipeSchedule(recipe, batchSize, stepsPerEpoch);
  const learningRate = (step: number): number => schedule(step, steps);
  const weightDecay = decaySchedule(recipe);
  const make = async (step: number): Promise<StepInput> => {
    const epoch = Math.floor(step / stepsPerEpoch);
    const batch = await loader.batch(epoch, step % stepsPerEpoch);
    const time = { step, steps, stepsPerEpoch };
    const scheduled = Object.entries(method.schedules ?? {}).map(
      ([name, value]) => [name, tf.scalar(value(time))] as const,
    );
    const { indices } = batch;
    const tensors = batchTensors(batch);
    batch.release();
    return {
      ...tensors,
      drawn: drawn(method, seed, epoch, indices),
      key: stepKey(seed, step),
      learningRate: tf.scalar(learningRate(step)),
      weightDecay: tf.scalar(weightDecay(step, steps)),
      update: tf.scalar(step + 1),
      fraction: tf.scalar(steps > 1 ? step / (steps - 1) : 1),
      epoch: tf.scalar(epoch),
      scheduled: Object.fromEntries(scheduled),
    };
  };
  let prepared: { readonly step: number; readonly input: Promise<StepInput> } | undefined;
  const drop = async (): Promise<void> => {
    const input = await prepared?.input.catch(() => undefined);
    prepared = undefined;
    if (input) for (const tensor of leaves(input)) tensor.dispose();
  };
  return {
    size: loader.size,
    steps,
    stepsPerEpoch,
    learningRate,
    async at(step) {
      if (prepared?.step !== step) {
        await drop();
        return make(step);
      }
      const { input } = prepared;
      prepared = undefined;
      return input;
    },
    prepare(step) {
      const input = make(step);
      input.catch(() => {}); // whoever asks for it is told
      prepared = { step, input };
    },
    dispose: drop,
  };
}

/** A batch as a step takes it, copied. */
export function batchTensors(batch: HostBatch): Pick<StepInput, 'images' | 'sizes' | 'indices' | 'labels'> {
  const { data, count, size, channels, widths, heights, indices, labels } = batch;
  const sizes = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) sizes.set([heights[i]!, widths[i]!], 2 * i);
  return {
    images: pixelTensor(data, [count, size, size, channels]),
    sizes: tf.tensor2d(sizes, [count, 2]),
    indices: tf.tensor1d(Int32Array.from(indices), 'int32'),
    labels: labels ? [tf.tensor1d(labels, 'int32')] : [],
  };
}

/** What the method draws for these images, stacked. */
export function drawn(method: Method, seed: number, epoch: number, rows: Uint32Array): Record<string, Tensor> {
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
