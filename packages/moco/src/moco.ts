import {
  type Backbone,
  copyValues,
  featureStdOf,
  inParts,
  l2Normalize,
  type Method,
  type Module,
  mlp,
  moveTowards,
  type Progress,
  parametersOf,
  type Queue,
  queue,
  type Recipe,
  rngFromSeed,
  type ScheduleTime,
  type StepParts,
  stepContext,
  stopGradient,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { cosine } from '@ssl/core/optim';
import { checkedConfig, checkGroups, checkViews } from './check.ts';
import { cifar, cifarV3, type MoCoConfig } from './config.ts';
import { infoNCE, infoNCEInBatch } from './loss.ts';
import { inGroups, inShuffledGroups } from './shuffle.ts';
import { signaturesOf } from './signatures.ts';
import { mocoViews } from './views.ts';

export interface MoCoOptions extends Partial<MoCoConfig> {
  /** With its weights: the key encoder starts as a copy of it, here and now. */
  readonly backbone: Backbone;
  /** Default `mocoViews()` of the version, for the backbone's channels. Two views of one size: the first is the query's, the second the key's. */
  readonly views?: ViewPlan;
  /** Default `cifar`, for version 3 `cifarV3`. */
  readonly recipe?: Recipe;
  /** Of the heads' initial weights and the queue. Default 0. */
  readonly seed?: number;
}

/** All networks of a run. */
interface Networks {
  readonly backbone: Backbone;
  readonly head: Module;
  /** Version 3's, on queries alone. */
  readonly predictor: Module | undefined;
  readonly keyBackbone: Backbone;
  readonly keyHead: Module;
  readonly keys: Queue | undefined;
}

/**
 * MoCo, versions 1 (arXiv:1911.05722), 2 (2003.04297) and 3 (2104.02057): a query has to find its key, from another view of the same image
 * and an encoder that follows slowly, among a queue of earlier keys or, in version 3, among the keys of the batch.
 * @throws ConfigError for a setting that is unknown (the nearest one is named), out of range or not of this version, and for a plan of
 * other than two views of one size
 */
export function moco({ backbone, views, recipe, seed = 0, ...overrides }: MoCoOptions): Method {
  const config = checkedConfig(overrides);
  const { version } = config;
  const plan = views ?? mocoViews({ version, channels: backbone.inChannels });
  checkViews(plan);
  const networks = networksOf(backbone, config, seed);
  const { head, predictor, keyBackbone, keyHead, keys } = networks;
  const follow = ({ scheduled }: Progress): void => {
    moveTowards(keyBackbone.members, backbone.members, scheduled.momentum!);
    moveTowards(keyHead.members, head.members, scheduled.momentum!);
  };
  return {
    spec: 1,
    name: 'moco',
    backbone,
    config,
    recipe: recipe ?? (version === 3 ? cifarV3 : cifar),
    views: plan,
    acrossRanks: version === 3 ? 'gathers-negatives' : 'mean',
    trained: predictor ? { backbone, head, predictor } : { backbone, head },
    carried: { keyBackbone, keyHead, ...keys?.members },
    schedules: { momentum: momentumOf(config) },
    signatures: signaturesOf(config),
    ...inParts(partsOf(networks, config)),
    afterStep: follow,
    embed: (images: Tensor) => backbone(images), //             [B, D]
    project: (images: Tensor) => head(backbone(images)), //     [B, P]
  };
}

function networksOf(backbone: Backbone, config: MoCoConfig, seed: number): Networks {
  const { version, projectionDim: P, hiddenDim, layers, queueSize } = config;
  const hidden = Array<number>(layers - 1).fill(hiddenDim || backbone.outDim);
  const rng = rngFromSeed(seed);
  // Versions 1 and 2 have no norm in their heads; in version 3 one follows every layer, the last without scale and offset.
  const norms = version === 3 ? { norm: true, lastNorm: 'plain' as const } : { norm: false };
  const makeHead = (): Module => mlp([backbone.outDim, ...hidden, P], { rng, ...norms });
  const [head, keyHead] = [makeHead(), makeHead()];
  copyValues(keyHead.members, head.members);
  const predictor = version === 3 ? mlp([P, hiddenDim || backbone.outDim, P], { rng, lastBias: false }) : undefined;
  const keys = queueSize > 0 ? queue(queueSize, P, { rng }) : undefined;
  return { backbone, head, predictor, keyBackbone: backbone.twin(), keyHead, keys };
}

/**
 * The official code moves the key encoder before the forward pass, here it moves after the update: the same keys in every step, since
 * the first move changes nothing, and one move more at the end. So the momentum is that of the step to come.
 */
function momentumOf({ momentum, momentumSchedule }: MoCoConfig): (time: ScheduleTime) => number {
  if (momentumSchedule === 'constant') return () => momentum;
  return ({ step, steps }) => cosine(momentum, 1)(step + 1, steps);
}

function partsOf(networks: Networks, config: MoCoConfig): StepParts {
  const { backbone, head, predictor, keyBackbone, keyHead, keys } = networks;
  const { shuffleGroups, symmetric } = config;
  const queryOf = (images: Tensor): readonly [features: Tensor, query: Tensor] =>
    inGroups(shuffleGroups, () => {
      const features = backbone(images); //                                                           [B, D]
      const projected = head(features);
      return [features, predictor ? predictor(projected) : projected]; //                             [B, P]
    });
  const encodeKey = (images: Tensor): Tensor => l2Normalize(keyHead(keyBackbone(images)));
  const keyOf = (images: Tensor): Tensor => stopGradient(inShuffledGroups(encodeKey, images, shuffleGroups)); // [B, P]
  return {
    // Each view is a pass of its own, with batch statistics of its own, as in the official code.
    encode({ views: [first, second] }) {
      checkGroups(shuffleGroups, first!.shape[0]!);
      const [features1, query1] = queryOf(first!);
      const asymmetric = { features1, query1, key2: keyOf(second!) };
      if (!symmetric) return asymmetric;
      const [features2, query2] = queryOf(second!);
      return { ...asymmetric, features2, query2, key1: keyOf(first!) };
    },
    loss({ features1, features2, query1, query2, key1, key2 }, _batch, { scheduled }) {
      const pairs = symmetric ? [[query1!, key2!] as const, [query2!, key1!] as const] : [[query1!, key2!] as const];
      const negatives = keys?.read(); //                                                              [K, P]
      const losses = pairs.map(([q, k]) =>
        negatives ? infoNCE(q, k, negatives, config) : infoNCEInBatch(q, k, config),
      );
      const newest = pairs.map(([, k]) => stepContext().world.gather(k));
      keys?.enqueue(tf.concat(newest));
      return {
        loss: tf.addN(losses),
        features: features2 ? tf.concat([features1!, features2]) : features1!,
        metrics: {
          positive: l2Normalize(query1!).mul(key2!).sum(1).mean(),
          keyMomentum: scheduled.momentum!,
          keyDistance: distance(head, keyHead),
          ...(negatives && { queueStd: featureStdOf(sampleOf(negatives)) }),
        },
      };
    },
  };
}

/** Keys of the queue whose spread is logged. */
const SAMPLE = 1024;

function sampleOf(rows: Tensor): Tensor {
  return rows.shape[0]! <= SAMPLE ? rows : tf.slice(rows, 0, SAMPLE);
}

/** Of all weights together, relative to the first's length. */
function distance(a: Module, b: Module): Tensor {
  const [of, to] = [parametersOf(a.members), parametersOf(b.members)];
  const between = tf.addN(of.map((variable, i) => variable.read().sub(to[i]!.read()).square().sum()));
  return tf.sqrt(between.div(tf.addN(of.map(variable => variable.read().square().sum()))));
}
