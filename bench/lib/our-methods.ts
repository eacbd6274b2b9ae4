/** Our side of `bench/methods.ts`. On its own, so that whoever only starts processes does not load the engine. */
import {
  type Backbone,
  backbone,
  byteTensor,
  type Method,
  parametersOf,
  type StepInput,
  stepKey,
  type Tensor,
  tf,
  trainStep,
  type VitOptions,
} from '@ssl/core';
import { views } from '@ssl/core/data';
import { sgd } from '@ssl/core/optim';
import { drawn } from '@ssl/core/train';
import type { TimedRun } from './layouts.ts';
import { peakMb, rounded } from './summary.ts';

export interface MethodSetting {
  /** `@ssl/byol` */
  readonly package: string;
  /** Those of the method that are not its defaults. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** B; twice as many images go through the network. */
  readonly pairs: number;
  readonly size: number;
  /** On a ViT-Ti of 8 x 8 patches with these options, which sees all images as one view, or with `corners` two; absent, on a ResNet-18 in two. */
  readonly vit?: VitOptions;
  /** Multi-crop: so many corners of the views, of so many pixels, as small views. */
  readonly corners?: { readonly count: number; readonly size: number };
}

export interface MethodRun extends TimedRun {
  /** Numbers trained by gradient. */
  readonly parameters: number;
  /** Of each step, as this side's library defines the loss. */
  readonly losses: readonly number[];
}

/** A method whose two views are the two halves of what it is given: no augmentation, and all else of `trainStep` as it is. */
async function withGivenViews({ package: name, settings, size, corners, vit }: MethodSetting): Promise<Method> {
  const module = (await import(name)) as { method: { create(options: object): Method } };
  const net: Backbone = vit
    ? vitTiny(size, vit)
    : backbone('resnet18', { stem: 'cifar', seed: 1, zeroInitLast: false }); // as in torchvision
  const method = module.method.create({ backbone: net, seed: 2, ...settings });
  return {
    ...method,
    views: views([{ count: 1, size, ops: [] }]),
    step: (batch, progress) => {
      const large = tf.split(batch.views[0]!, 2);
      return method.step({ ...batch, views: [...large, ...cornersOf(large, corners)] }, progress);
    },
  };
}

/** By turns of the first and of the second views. */
function cornersOf(
  views: readonly Tensor[],
  { count, size }: { count: number; size: number } = { count: 0, size: 0 },
): Tensor[] {
  return Array.from({ length: count }, (_, i) => {
    const view = views[i % views.length]!;
    return tf.slice(view, [0, 0, 0, 0], [view.shape[0]!, size, size, view.shape[3]!]);
  });
}

function vitTiny(size: number, vit: VitOptions): Backbone {
  return backbone('vit_tiny_patch16_224', { ...vit, imgSize: size, patchSize: size / 8, seed: 1 });
}

/** A method of vision transformers, which takes one view: all images of both halves. */
async function withOneView({ package: name, settings, size }: MethodSetting, vit: VitOptions): Promise<Method> {
  const module = (await import(name)) as { method: { create(options: object): Method } };
  const net = vitTiny(size, vit);
  return module.method.create({ backbone: net, seed: 2, ...settings, views: views([{ count: 1, size, ops: [] }]) });
}

/** What `pretrain` would give in its first step, but for the images, `[2B, S, S, 3]`: all first views, then all second ones. */
function inputOf(method: Method, { pairs, size, vit, corners }: MethodSetting): StepInput {
  const { schedules = {} } = method;
  const images = vit && !corners ? 2 * pairs : pairs;
  const bytes = Uint8Array.from({ length: 2 * pairs * size * size * 3 }, () => 256 * Math.random());
  const time = { step: 0, steps: 1000, stepsPerEpoch: 100 };
  return {
    images: byteTensor(bytes, [2 * pairs, size, size, 3]),
    sizes: tf.fill([2 * pairs, 2], size),
    indices: tf.range(0, images, 1, 'int32'),
    labels: [],
    drawn: drawn(
      method,
      0,
      0,
      Uint32Array.from({ length: images }, (_, index) => index),
    ),
    key: stepKey(0, 0),
    learningRate: tf.scalar(1e-3),
    weightDecay: tf.scalar(1e-4),
    update: tf.scalar(1),
    fraction: tf.scalar(0),
    epoch: tf.scalar(0),
    scheduled: Object.fromEntries(Object.entries(schedules).map(([name, at]) => [name, tf.scalar(at(time))])),
  };
}

/** Builds the step and runs it `steps` times on the same images. */
export async function runMethod(setting: MethodSetting, steps: number): Promise<MethodRun> {
  const { vit, corners } = setting;
  const method = await (vit && !corners ? withOneView(setting, vit) : withGivenViews(setting));
  const optimizer = sgd({ momentum: 0.9, exclude: () => false }); // PyTorch's decays all alike
  const { run } = trainStep(method, { optimizer });
  const input = inputOf(method, setting);
  const [ms, cpu_ms, losses]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < steps; i++) {
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const metrics = await run(input);
    losses.push(metrics.loss!.dataSync()[0]!);
    tf.dispose(Object.values(metrics) as Tensor[]);
    const { user, system } = process.cpuUsage(cpu);
    ms.push(rounded(performance.now() - start));
    cpu_ms.push(rounded((user + system) / 1000));
  }
  const parameters = parametersOf(method.trained).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return { ms, cpu_ms, peak_mb: peakMb(), parameters, losses };
}
