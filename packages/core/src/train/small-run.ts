/** For tests: a run of a second or so that has all that a run can have: random views, statistics, carried state, draws, schedules, work between epochs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Backbone } from '../backbones/index.ts';
import { resnet } from '../backbones/index.ts';
import { arrayDataset, colorJitter, type Dataset, horizontalFlip, randomResizedCrop, views } from '../data/index.ts';
import type { Method, Recipe } from '../method/index.ts';
import { linear } from '../nn/layers.ts';
import { rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { Variable } from '../tensor/variable.ts';
import { type PretrainOptions, pretrain, runFolder } from './index.ts';

const SIDE = 16;
const WIDTH = 4;

/** Grey pictures of 16 x 16, each a gradient of its own with noise. */
export function smallData(count = 20, seed = 1): Dataset {
  let state = seed;
  const data = Uint8Array.from({ length: count * SIDE * SIDE }, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator
    return (Math.floor(i / (SIDE * SIDE)) * 37 + (i % SIDE) * 9 + (state >>> 26)) % 256;
  });
  return arrayDataset({ name: 'small', data, width: SIDE, height: SIDE, channels: 1 });
}

export const SMALL_RECIPE: Recipe = {
  optimizer: 'sgd',
  learningRate: 1,
  weightDecay: 1e-4,
  warmupEpochs: 1,
  epochs: 2,
  batchSize: 4,
};

export function smallBackbone({ seed = 0, width = WIDTH }: { seed?: number; width?: number } = {}): Backbone {
  const shape = { block: 'basic', layers: [1], channels: [width] } as const;
  return resnet('small', shape, { stem: 'cifar', inChannels: 1, seed });
}

/** Pulls two views together and the features apart; the centre, the mean of an epoch and the drawn numbers take part in the loss. */
export function smallMethod({
  backbone = smallBackbone(),
  weight = 1,
}: {
  backbone?: Backbone;
  weight?: number;
} = {}): Method {
  const head = linear(backbone.outDim, WIDTH, { rng: rngFromSeed(3) });
  const [centre, epochMean] = ['centre', 'epochMean'].map(name => zeroBuffer(name, backbone.outDim));
  const features = (images: Tensor): Tensor => backbone(images);
  const ops = [randomResizedCrop({ scale: [0.3, 1] }), horizontalFlip(), colorJitter({ brightness: 0.4, p: 0.8 })];
  let batchMean: Tensor;
  return {
    spec: 1,
    name: 'small',
    backbone,
    config: { weight },
    recipe: SMALL_RECIPE,
    views: views([{ count: 2, size: SIDE, ops }]),
    acrossRanks: 'mean',
    trained: { backbone, head },
    carried: { centre: centre!, epochMean: epochMean! },
    schedules: { pull: ({ step, steps }) => 1 + step / steps },
    draw: ({ seed, epoch, index }) => ({ sign: Int32Array.of(((seed + epoch + index) % 3) - 1) }),
    async beforeEpoch({ size, features: all }) {
      const table = await all();
      const dim = table.length / size;
      epochMean!.load(Float32Array.from({ length: dim }, (_, d) => meanOf(table, d, dim)));
    },
    step({ views: [first, second], drawn }, { scheduled }) {
      const rows = features(tf.concat([first!, second!])); // [2B, D]
      batchMean = tf.keep(rows.mean(0));
      const [a, b] = tf.split(head(rows.sub(centre!.read()).sub(epochMean!.read())), 2) as [Tensor, Tensor];
      const apart = a.sub(a.mean(0)).square().mean().add(1e-4).sqrt();
      const signed = a.mul(tf.cast(drawn.sign!, 'float32')).mean().square();
      const loss = a.sub(b).square().mean().mul(scheduled.pull!).mul(weight).sub(apart).add(signed);
      return { loss, features: rows, metrics: { apart } };
    },
    afterStep: () => centre!.assign(centre!.read().mul(0.9).add(batchMean.mul(0.1))),
    embed: features,
  };
}

function zeroBuffer(name: string, size: number): Variable {
  const initial = tf.zeros([size]);
  const variable = new Variable(initial, { kind: 'buffer', name });
  initial.dispose();
  return variable;
}

function meanOf(table: Float32Array, d: number, dim: number): number {
  let sum = 0;
  for (let i = d; i < table.length; i += dim) sum += table[i]!;
  return (sum * dim) / table.length;
}

/** 5 steps an epoch, 10 in all, a checkpoint after every third. */
export async function smallRun(out: string, options: Partial<PretrainOptions> = {}): Promise<string> {
  const onProgress = options.onProgress ?? ((): void => {});
  const { method = smallMethod(), data = smallData() } = options;
  await pretrain({ checkpointEvery: 3, out, ...options, method, data, onProgress });
  return contentOf(out);
}

/** Hashes of all that a finished run leaves and that must not depend on how it was interrupted, and its metrics. */
export function contentOf(out: string): string {
  const { checkpoints, backbone, metrics, config } = runFolder(out);
  const files = [`${checkpoints}/step-000000010.safetensors`, backbone, config];
  const hashes = files.map(file => createHash('sha256').update(readFileSync(file)).digest('hex'));
  return [...hashes, readFileSync(metrics, 'utf8')].join('\n');
}
