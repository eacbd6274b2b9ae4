/** What every method must hold to, as checks that any test runner can run; `describeMethod` runs them with vitest. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Backbone,
  resnet,
  type VisionTransformer,
  type VitOptions,
  visionTransformer,
} from '../backbones/index.ts';
import { arrayDataset, type Dataset } from '../data/index.ts';
import type { Batch, Method, Progress } from '../method/index.ts';
import { membersOf } from '../method/train-step.ts';
import { stateOf } from '../nn/module.ts';
import { inContext } from '../tensor/context.ts';
import { normal, rngFromKey, rngFromSeed, stepKey } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

export interface MethodKitOptions {
  /** The method, small: views of 8 pixels, a narrow head, a short queue. A seed gives the same initial weights each time. */
  readonly make: (options: { readonly backbone: Backbone; readonly seed: number }) => Method;
  /** Classes of the labels that a method with `needsLabels` gets. Default 3. */
  readonly classes?: number;
  /** The loss does not change when the two views change places. Default true. */
  readonly viewsAlike?: boolean;
  /** Trained parameters that may have a gradient of zero, by name: those whose effect a norm takes away. */
  readonly maybeZero?: (name: string) => boolean;
  /** Steps of the short training, pictures, by how much its loss must fall. Default 80 steps, 16 pictures, which are one batch, and 0.05. */
  readonly training?: {
    readonly steps?: number;
    readonly pictures?: number;
    readonly fall?: number;
    readonly learningRate?: number;
  };
}

export const KIT_SIDE = 8;
const D = 12;

/** Blocks do not start as the identity here: the convolutions of those that do have a gradient of 0 at first. */
export function kitBackbone(seed = 3): Backbone {
  const shape = { block: 'basic', layers: [1, 1], channels: [6, D] } as const;
  return resnet('tiny', shape, { stem: 'cifar', zeroInitLast: false, seed });
}

/** For methods of vision transformers: 16 patches in a picture of 8 pixels. */
export function kitVit(options: VitOptions = {}): VisionTransformer {
  return visionTransformer(
    'tiny_vit',
    { dim: D, depth: 2, heads: 2, patchSize: 2, imgSize: KIT_SIDE },
    { seed: 3, ...options },
  );
}

/** As many views as the plan has, each the same pictures with other noise. */
export function kitBatch(method: Method, { classes = 3 }: MethodKitOptions, pictures = 8, seed = 5): Batch {
  const rng = rngFromSeed(seed);
  const images = normal(rng, [pictures, KIT_SIDE, KIT_SIDE, 3]);
  const views = method.views.flatMap(({ count, size }) =>
    Array.from({ length: count }, () => {
      const view = images.add(normal(rng, images.shape, 0, 0.3)) as ReturnType<typeof tf.tensor4d>;
      return size === KIT_SIDE ? view : tf.image.resizeBilinear(view, [size, size]);
    }),
  );
  const labels = tf.tensor1d(
    Array.from({ length: pictures }, (_, i) => i % classes),
    'int32',
  );
  return { views, indices: tf.range(0, pictures, 1, 'int32'), drawn: kitDraws(method, pictures), labels };
}

function kitDraws(method: Method, pictures: number): Record<string, Tensor> {
  const each = Array.from({ length: pictures }, (_, index) => method.draw?.({ seed: 0, epoch: 0, index }) ?? {});
  return Object.fromEntries(
    Object.keys(each[0]!).map(name => [name, tf.stack(each.map(one => tf.tensor1d(one[name]!, 'int32')))]),
  );
}

/** A moment in the middle of a run of 100 steps. */
export function kitProgress(method: Method): Progress {
  const time = { step: 50, steps: 100, stepsPerEpoch: 10 };
  const scheduled = Object.entries(method.schedules ?? {}).map(([name, at]) => [name, tf.scalar(at(time))] as const);
  return { fraction: tf.scalar(0.5), epoch: tf.scalar(5), scheduled: Object.fromEntries(scheduled) };
}

export function inTraining<R>(body: () => R): R {
  return inContext({ training: true, rng: rngFromKey(stepKey(0, 0)) }, body);
}

/** The loss of a batch, with everything that is carried put back to what it was. */
export function kitLoss(method: Method, batch: Batch): Tensor {
  return keepingState(method, () => inTraining(() => method.step(batch, kitProgress(method)).loss));
}

/** Runs `body`, then gives every variable the value that it had. */
export function keepingState<R>(method: Method, body: () => R): R {
  const state = [...stateOf(membersOf(method)).values()];
  const before = state.map(variable => variable.values());
  try {
    return body();
  } finally {
    for (const [i, variable] of state.entries()) variable.load(before[i]!);
  }
}

/** Pictures of 8 x 8 with a square of one colour on a ground of another, so that a part still tells which picture it is of. */
export function kitData({ classes = 3 }: Pick<MethodKitOptions, 'classes'> = {}, count: number = 16): Dataset {
  const colour = (picture: number, channel: number, inside: boolean): number =>
    (picture * 97 + channel * 61 + (inside ? 130 : 0) + picture * channel * 29) % 256;
  const data = Uint8Array.from({ length: count * KIT_SIDE ** 2 * 3 }, (_, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % KIT_SIDE, Math.floor(i / (3 * KIT_SIDE)) % KIT_SIDE];
    const inside = [x, y].every(place => place >= KIT_SIDE / 4 && place < (3 * KIT_SIDE) / 4);
    return colour(Math.floor(i / (3 * KIT_SIDE ** 2)), channel, inside);
  });
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const classNames = Array.from({ length: classes }, (_, i) => `class ${i}`);
  return arrayDataset({
    name: 'squares',
    data,
    width: KIT_SIDE,
    height: KIT_SIDE,
    channels: 3,
    labels,
    classes: classNames,
  });
}

/** Runs `body` with a folder that is gone afterwards. */
export async function inFolder<R>(body: (folder: string) => Promise<R>): Promise<R> {
  const folder = mkdtempSync(join(tmpdir(), 'ssl-kit-'));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function scalarOf(scalar: Tensor): number {
  return scalar.dataSync()[0]!;
}

export function linesOf(file: string): Record<string, number>[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, number>);
}
