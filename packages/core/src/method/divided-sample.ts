/** For tests: a contrastive method with a teacher, a queue and random views, and its steps divided and not. */
import { readFileSync } from 'node:fs';
import type { Backbone } from '../backbones/index.ts';
import { colorJitter, horizontalFlip, randomResizedCrop, views } from '../data/index.ts';
import { batchNorm, conv2d, linear } from '../nn/layers.ts';
import { copyValues, type Module, module, moveTowards, sequential, stateOf } from '../nn/module.ts';
import { queue } from '../nn/queue.ts';
import { relu } from '../ops/activation.ts';
import { logSumExpSimilarities } from '../ops/contrastive.ts';
import { l2Normalize } from '../ops/norm.ts';
import { globalAvgPool } from '../ops/pool.ts';
import { adamw, type OptimizerFactory, sgd } from '../optim/index.ts';
import { stopGradient } from '../tensor/gradients.ts';
import { byteTensor } from '../tensor/native.ts';
import { rngFromSeed, stepKey } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { leaves } from '../tensor/tree.ts';
import { type Encoded, inParts, type Method, type StepInput, trainStep } from './index.ts';
import { membersOf, type TrainStepOptions } from './train-step.ts';

const SIDE = 8;
const P = 6;
const TEMPERATURE = 0.2;

/** 3×3 convolution, perhaps a batch norm, ReLU, mean over places. */
function smallNet(width: number, norm: boolean): Backbone {
  const rng = rngFromSeed(1);
  const layers = [
    conv2d(3, width, { rng, kernel: 3, padding: 1 }),
    ...(norm ? [batchNorm(width)] : []),
    relu,
    globalAvgPool,
  ];
  const net = sequential(...layers);
  return Object.assign(module(net, net.members), { inChannels: 3, outDim: width }) as unknown as Backbone;
}

export interface SampleOptions {
  readonly norm?: boolean;
  /** Of the backbone. Default 5. */
  readonly width?: number;
  /** Without teacher, queue and random views. */
  readonly plain?: boolean;
}

/** Rows have to pick the teacher's row of their other view out of all images of the batch and those in a queue. */
export function sampleMethod({ norm = false, width = 5, plain = false }: SampleOptions = {}): Method {
  const [backbone, teacher] = [smallNet(width, norm), smallNet(width, norm)];
  const head = linear(width, P, { rng: rngFromSeed(2) });
  const scale = linear(P, P, { rng: rngFromSeed(3), bias: false }); // used in the loss alone
  copyValues(teacher.members, backbone.members);
  const keys = queue(48, P, { rng: rngFromSeed(4) });
  const ops = plain ? [] : [randomResizedCrop({ scale: [0.3, 1] }), horizontalFlip(), colorJitter({ brightness: 0.4 })];
  return {
    spec: 1,
    name: 'sample',
    backbone,
    config: {},
    recipe: { optimizer: 'sgd', learningRate: 0.1, weightDecay: 0, warmupEpochs: 0, epochs: 1, batchSize: 12 },
    views: views([{ count: 2, size: SIDE, ops }]),
    acrossRanks: 'gathers-negatives',
    trained: { backbone, head, scale },
    carried: { teacher, ...keys.members },
    ...inParts({
      encode({ views: [first, second], indices }) {
        const features = backbone(first!);
        return { z: head(features), key: stopGradient(head(teacher(second!))), features, place: indices };
      },
      loss({ z, key, features }) {
        const target = l2Normalize(key!);
        const candidates = plain ? target : tf.concat([target, keys.read()]);
        const query = scale(l2Normalize(z!));
        const positive = query.mul(target).sum(1).div(TEMPERATURE); //                                   [B]
        const all = logSumExpSimilarities(query, candidates, { temperature: TEMPERATURE }); //           [B]
        if (!plain) keys.enqueue(target);
        return { loss: all.sub(positive).mean(), features: features!, metrics: { positive: positive.mean() } };
      },
    }),
    afterStep: () => moveTowards(teacher.members, backbone.members, tf.scalar(0.9)),
    embed: images => backbone(images),
  };
}

/** The same method whose `encode` sees the parts of a batch one after the other, within one graph: ghost batch norm (arXiv:1705.08741). */
export function inGroups(method: Method, size: number): Method {
  const { encode, loss } = method.parts!;
  const grouped: typeof encode = (batch, progress) => {
    const count = batch.indices.shape[0]! / size;
    const group = (x: Tensor, i: number): Tensor => tf.slice(x, i * size, size);
    const encoded = Array.from({ length: count }, (_, i): Encoded => {
      const own = { views: batch.views.map(x => group(x, i)), indices: group(batch.indices, i), drawn: {} };
      return encode(own, progress);
    });
    return Object.fromEntries(
      Object.keys(encoded[0]!).map(name => [name, tf.concat(encoded.map(rows => rows[name]!))]),
    );
  };
  return { ...method, ...inParts({ encode: grouped, loss }) };
}

/** Pictures of noise, the same each time. */
export function sampleInput(method: Method, count: number, step: number): StepInput {
  let state = step + 1;
  const pixels = Uint8Array.from({ length: count * SIDE * SIDE * 3 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator
    return state >>> 24;
  });
  const time = { step, steps: 10, stepsPerEpoch: 5 };
  const scheduled = Object.entries(method.schedules ?? {}).map(([name, at]) => [name, tf.scalar(at(time))] as const);
  return {
    images: byteTensor(pixels, [count, SIDE, SIDE, 3]),
    sizes: tf.fill([count, 2], SIDE),
    indices: tf.range(0, count, 1, 'int32'),
    labels: [
      tf.tensor1d(
        Int32Array.from({ length: count }, (_, i) => (i * i + (i >> 1) + step) % 4),
        'int32',
      ),
    ],
    drawn: {},
    key: stepKey(0, step),
    learningRate: tf.scalar(0.5),
    weightDecay: tf.scalar(1e-4),
    update: tf.scalar(step + 1),
    fraction: tf.scalar(0),
    epoch: tf.scalar(0),
    scheduled: Object.fromEntries(scheduled),
  };
}

/** The mean over images of how far the projections of two views are apart. @param own what the loss has besides, and may do */
export function meanMethod(own: (z: Tensor) => Tensor = () => tf.scalar(0)): Method {
  const { parts: _, carried: __, afterStep: ___, ...method } = sampleMethod();
  const { backbone, head } = method.trained as { backbone: Backbone; head: Module };
  return {
    ...method,
    trained: { backbone, head },
    acrossRanks: 'mean',
    ...inParts({
      encode({ views: [first, second] }) {
        const features = backbone(first!);
        return { features, a: head(features), b: stopGradient(head(backbone(second!))) };
      },
      loss({ features, a, b }) {
        const apart = a!.sub(b!).square().sum(1);
        const toOne = a!.sub(1).square().mean(1);
        return {
          loss: apart.mul(0.1).add(toOne).mean().add(own(a!)),
          features: features!,
          metrics: { apart: apart.mean() },
        };
      },
    }),
  };
}

export interface Trained {
  /** Of every variable, by name. */
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** Of every step. */
  readonly metrics: readonly Readonly<Record<string, number>>[];
  readonly graphs: number;
}

export const OPTIMIZERS: Readonly<Record<'sgd' | 'adamw', OptimizerFactory>> = { sgd: sgd(), adamw: adamw() };

/** Some steps on batches of `count` pictures. */
export async function trainSample(
  method: Method,
  { count = 12, steps = 4, ...options }: { count?: number; steps?: number } & Partial<TrainStepOptions> = {},
): Promise<Trained> {
  const step = trainStep(method, { optimizer: OPTIMIZERS.sgd, ...options });
  const metrics: Record<string, number>[] = [];
  for (let n = 0; n < steps; n++) {
    const input = sampleInput(method, count, n);
    const running = step.run(input);
    tf.dispose(leaves(input));
    const scalars = await running;
    metrics.push(Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, value.dataSync()[0]!])));
    tf.dispose(leaves(scalars));
  }
  const { graphs } = step.run;
  step.dispose();
  const values = [...stateOf(membersOf(method))].map(([name, variable]) => [name, [...variable.values()]] as const);
  return { values: Object.fromEntries(values), metrics, graphs };
}

/** The largest difference of a variable or metric, over the largest number of it. */
export function apart(a: Trained, b: Trained): number {
  const off = (x: readonly number[], y: readonly number[]): number => {
    const scale = Math.max(...y.map(Math.abs), 1e-6);
    return Math.max(...y.map((value, i) => Math.abs(x[i]! - value))) / scale;
  };
  const values = Object.entries(b.values).map(([name, y]) => off(a.values[name]!, y));
  const metrics = b.metrics.map((y, i) =>
    off(
      Object.keys(y).map(name => a.metrics[i]![name] ?? Number.NaN),
      Object.values(y),
    ),
  );
  const all = [...values, ...metrics];
  return all.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...all);
}

/** A large batch, and the peak of this process's memory in MiB: after steps of 256 pictures in one part, and then. */
export async function largeBatch(
  count: number,
  microBatchSize?: number,
): Promise<Trained & { peaks: [number, number] }> {
  const run = (images: number): Promise<Trained> =>
    trainSample(sampleMethod({ width: 256, plain: true }), {
      count: images,
      steps: 2,
      ...(microBatchSize !== undefined && images > microBatchSize && { microBatchSize }),
    });
  await run(256);
  const before = peakMb();
  const trained = await run(count);
  return { ...trained, peaks: [before, peakMb()] };
}

function peakMb(): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
}
