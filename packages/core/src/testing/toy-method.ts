/** For tests of the kit: a sound method of each kind, and ways to break it. */
import type { Backbone } from '../backbones/index.ts';
import { horizontalFlip, views } from '../data/index.ts';
import { type AcrossRanks, inParts, type Method, type StepResult } from '../method/index.ts';
import { linear } from '../nn/layers.ts';
import { moveTowards } from '../nn/module.ts';
import { queue } from '../nn/queue.ts';
import { inContext, stepContext } from '../tensor/context.ts';
import { stopGradient } from '../tensor/gradients.ts';
import { rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { KIT_SIDE } from './method-kit.ts';

const P = 6;

export interface ToyOptions {
  readonly backbone: Backbone;
  readonly seed: number;
  readonly acrossRanks?: AcrossRanks;
  /** What to break. */
  readonly wrong?:
    | 'nan'
    | 'teacher'
    | 'seed'
    | 'host'
    | 'order'
    | 'views'
    | 'ranks'
    | 'queue'
    | 'batch'
    | 'state'
    | 'rising'
    | 'unused';
}

/** A teacher and a queue: the student's rows are to be like the teacher's, and the mean row of the batch unlike those of the queue. */
export function toyMethod({ backbone, seed: given, wrong, acrossRanks = 'sums-statistics' }: ToyOptions): Method {
  const seed = wrong === 'seed' ? 1 : given;
  const head = linear(backbone.outDim, P, { rng: rngFromSeed(seed) });
  const teacher = { backbone: backbone.twin(), head: linear(backbone.outDim, P, { rng: rngFromSeed(seed + 1) }) };
  const unused = linear(2, 2, { rng: rngFromSeed(seed) });
  const keys = queue(16, P, { rng: rngFromSeed(seed + 2) });
  const rows = (images: Tensor): Tensor => head(backbone(images));
  let calls = 0;
  const lossOf = (z: Tensor, target: Tensor): Tensor => {
    const { world } = stepContext();
    const all = wrong === 'ranks' ? z.mean(0) : world.sum(z.mean(0)).div(world.size); // [P]
    const apart = tf.exp(keys.read().mul(all).sum(1).mul(3)).mean();
    const own = wrong === 'host' ? tf.scalar(z.dataSync()[0]!) : tf.scalar(0);
    const place = wrong === 'order' ? z.slice([0, 0], [1, P]).sum() : tf.scalar(0);
    const spread = z
      .square()
      .mean()
      .mul(wrong === 'nan' ? Number.NaN : 0.01);
    return z.sub(target).square().mean().add(apart.mul(0.1)).add(spread).add(own.mul(0)).add(place);
  };
  return {
    spec: 1,
    name: 'toy',
    backbone,
    config: {},
    recipe: { optimizer: 'sgd', learningRate: 0.1, weightDecay: 0, warmupEpochs: 0, epochs: 2, batchSize: 8 },
    views: views([{ count: 2, size: KIT_SIDE, ops: [horizontalFlip()] }]),
    acrossRanks,
    trained: wrong === 'unused' ? { backbone, head, unused } : { backbone, head },
    carried: wrong === 'state' ? {} : { teacherBackbone: teacher.backbone, teacherHead: teacher.head, ...keys.members },
    ...inParts({
      encode({ views: [first, second] }) {
        const target = (images: Tensor): Tensor => {
          const value = teacher.head(teacher.backbone(images));
          return wrong === 'teacher' ? value : stopGradient(value);
        };
        const [a, b] = [rows(first!), rows(second!)];
        return { a, b, toA: target(second!), toB: wrong === 'views' ? target(first!) : target(first!).add(0) };
      },
      loss({ a, b, toA, toB }): StepResult {
        const half = wrong === 'views' ? 0.8 : 0.5;
        const loss = lossOf(a!, toA!)
          .mul(half)
          .add(lossOf(b!, toB!).mul(1 - half));
        const rows = stopGradient(toA!);
        keys.enqueue(wrong === 'queue' ? rows : stepContext().world.gather(rows));
        return { loss: wrong === 'rising' ? loss.mul(-1e-4) : loss, features: a! };
      },
    }),
    afterStep: () => {
      calls++;
      if (wrong !== 'state' || calls > 0) moveTowards(teacher.backbone.members, backbone.members, tf.scalar(0.9));
      moveTowards(teacher.head.members, head.members, tf.scalar(0.9));
    },
    embed: images => (wrong === 'batch' ? inContext({ training: true }, () => backbone(images)) : backbone(images)),
    project: rows,
  };
}
