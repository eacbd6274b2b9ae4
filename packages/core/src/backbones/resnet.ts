/** Residual networks (He et al. 2016, arXiv:1512.03385) with the names and layouts of timm and torchvision. */
import { ConfigError } from '../errors.ts';
import { checkpointed } from '../nn/checkpointed.ts';
import { batchNorm, conv2d } from '../nn/layers.ts';
import { copyValues, type Members, type Module, module, sequential } from '../nn/module.ts';
import { addRelu, relu, twice } from '../ops/activation.ts';
import { globalAvgPool, maxPool } from '../ops/pool.ts';
import { type Rng, rngFromSeed } from '../tensor/rng.ts';
import type { Tensor } from '../tensor/tf.ts';
import { type Backbone, withName } from './backbone.ts';

export interface ResNetShape {
  readonly block: 'basic' | 'bottleneck';
  /** Blocks in each of the four stages. */
  readonly layers: readonly number[];
  /** Groups of the 3×3 convolutions (ResNeXt's cardinality, arXiv:1611.05431). Default 1. */
  readonly groups?: number;
  /** Width of a group in the first stage; 128 doubles the inner width (wide ResNet, arXiv:1605.07146). Default 64. */
  readonly baseWidth?: number;
  /** Channels of the stages before the block's expansion. Default 64, 128, 256, 512. */
  readonly channels?: readonly number[];
}

export interface ResNetOptions {
  /** `imagenet`: 7×7 stride 2 and max pooling. `cifar`: 3×3 stride 1, no pooling (SimCLR, arXiv:2002.05709 B.9). Default `imagenet`. */
  readonly stem?: 'imagenet' | 'cifar';
  /** Multiplies every width (SimCLR's 2× and 4×). Default 1. */
  readonly widthMultiplier?: number;
  /** Default 3. */
  readonly inChannels?: number;
  /** Start every block as the identity. Default true, as in timm. */
  readonly zeroInitLast?: boolean;
  /** Of the initial weights. Default 0. */
  readonly seed?: number;
  /** Each block runs a second time in the backward pass, so that its activations are not kept: less memory, a third more time, the same results. Default false. */
  readonly gradCheckpointing?: boolean;
}

const EXPANSION = { basic: 1, bottleneck: 4 } as const;
const STEM = { imagenet: { kernel: 7, stride: 2, padding: 3 }, cifar: { kernel: 3, stride: 1, padding: 1 } } as const;

interface BlockSpec {
  readonly inputs: number;
  readonly planes: number;
  readonly stride: number;
  readonly groups: number;
  readonly baseWidth: number;
  readonly zeroInit: boolean;
  readonly rng: Rng;
}

/** A ResNet of any shape. `[B, H, W, inChannels]` → `[B, D]`, D the last stage's width. Throws `ConfigError` on sizes that make no network. */
export function resnet(name: string, shape: ResNetShape, options: ResNetOptions = {}): Backbone {
  const net = network(name, shape, options);
  const twin = (): Backbone => {
    const other = resnet(name, shape, options);
    copyValues(other.members, net.members);
    return other;
  };
  return Object.assign(net, { twin });
}

function network(name: string, shape: ResNetShape, options: ResNetOptions): Omit<Backbone, 'twin'> & Module {
  const { stem = 'imagenet', widthMultiplier = 1, inChannels = 3, zeroInitLast = true, seed = 0 } = options;
  const kept = options.gradCheckpointing ? checkpointed : (block: Module): Module => block;
  const channels = (shape.channels ?? [64, 128, 256, 512]).map(width => width * widthMultiplier);
  if (channels.length !== shape.layers.length || channels.some(width => !Number.isInteger(width) || width < 1)) {
    throw new ConfigError(
      `resnet: every stage needs a whole number of channels; got [${channels}] for ${shape.layers.length} stages; choose widthMultiplier so that they are whole`,
    );
  }
  const rng = rngFromSeed(seed);
  const conv1 = conv2d(inChannels, channels[0]!, { rng, ...STEM[stem] });
  const bn1 = batchNorm(channels[0]!);
  let inputs = channels[0]!;
  const stages = shape.layers.map((blocks, stage) => {
    const planes = channels[stage]!;
    const parts = Array.from({ length: blocks }, (_, i) => {
      const spec: BlockSpec = {
        inputs,
        planes,
        stride: stage > 0 && i === 0 ? 2 : 1,
        groups: shape.groups ?? 1,
        baseWidth: (shape.baseWidth ?? 64) * (shape.groups ? 1 : widthMultiplier),
        zeroInit: zeroInitLast,
        rng,
      };
      inputs = planes * EXPANSION[shape.block];
      return kept(shape.block === 'basic' ? basicBlock(spec) : bottleneck(spec));
    });
    return sequential(...parts);
  });
  const names = stages.map((_, i) => `layer${i + 1}`);
  const stemOf = (images: Tensor): Tensor => bn1(conv1(images));
  const pool = (x: Tensor): Tensor => (stem === 'cifar' ? x : maxPool(x, { size: 3, stride: 2, padding: 1 }));
  // The largest of what ReLU leaves is what it leaves of the largest: pooled first, it has a quarter of the values to go over.
  const forward = (images: Tensor): Tensor =>
    globalAvgPool(stages.reduce((x, stage) => stage(x), relu(pool(stemOf(images)))));
  const maps = (images: Tensor): Record<string, Tensor> => {
    const act1 = relu(stemOf(images));
    const maps: Record<string, Tensor> = { act1 };
    let x = pool(act1);
    stages.forEach((stage, i) => {
      x = stage(x);
      maps[names[i]!] = x;
    });
    return maps;
  };
  const members: Members = { conv1, bn1, ...Object.fromEntries(stages.map((stage, i) => [names[i]!, stage])) };
  const suffix = `${stem === 'cifar' ? '.cifar' : ''}${widthMultiplier === 1 ? '' : `.x${widthMultiplier}`}`;
  const net = Object.assign(module(forward, members), { inChannels, outDim: inputs, stages: maps });
  return withName(net, `${name}${suffix}`);
}

/** Two 3×3 convolutions. */
function basicBlock({ inputs, planes, stride, zeroInit, rng }: BlockSpec): Module {
  const conv1 = conv2d(inputs, planes, { rng, kernel: 3, stride, padding: 1 });
  const bn1 = batchNorm(planes, { relu: true });
  const conv2 = conv2d(planes, planes, { rng, kernel: 3, padding: 1 });
  const bn2 = batchNorm(planes, { zeroInit });
  return residual(x => bn2(conv2(bn1(conv1(x)))), { conv1, bn1, conv2, bn2 }, shortcut(inputs, planes, stride, rng));
}

/** 1×1, 3×3 (which takes the stride), 1×1. */
function bottleneck({ inputs, planes, stride, groups, baseWidth, zeroInit, rng }: BlockSpec): Module {
  const width = Math.floor(planes * (baseWidth / 64)) * groups;
  const outputs = planes * EXPANSION.bottleneck;
  const conv1 = conv2d(inputs, width, { rng, kernel: 1 });
  const bn1 = batchNorm(width, { relu: true });
  const conv2 = conv2d(width, width, { rng, kernel: 3, stride, padding: 1, groups });
  const bn2 = batchNorm(width, { relu: true });
  const conv3 = conv2d(width, outputs, { rng, kernel: 1 });
  const bn3 = batchNorm(outputs, { zeroInit });
  const branch = (x: Tensor): Tensor => bn3(conv3(bn2(conv2(bn1(conv1(x))))));
  return residual(branch, { conv1, bn1, conv2, bn2, conv3, bn3 }, shortcut(inputs, outputs, stride, rng));
}

/** The block's input in the shape of its output, or nothing where it already has it. */
function shortcut(inputs: number, outputs: number, stride: number, rng: Rng): Module | undefined {
  if (stride === 1 && inputs === outputs) return undefined;
  return sequential(conv2d(inputs, outputs, { rng, kernel: 1, stride }), batchNorm(outputs));
}

function residual(branch: (x: Tensor) => Tensor, members: Members, downsample: Module | undefined): Module {
  return module(
    x => {
      const [forBranch, forShortcut] = twice(x);
      return addRelu(branch(forBranch), downsample ? downsample(forShortcut) : forShortcut);
    },
    downsample ? { ...members, downsample } : members,
  );
}
