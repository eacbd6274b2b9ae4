import {
  type Backbone,
  inParts,
  type Members,
  type Method,
  matMul,
  moveTowards,
  type Recipe,
  rngFromSeed,
  type StepParts,
  stopGradient,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { type Assigner, assigner } from './assigner.ts';
import { checkedConfig, checkRun, checkViews } from './check.ts';
import { ASSIGNED_VIEWS, cifar, type SwAVConfig } from './config.ts';
import { swavLoss } from './loss.ts';
import { encodeViews, type Network, networkOf, normalizePrototypes, prototypesOf, twinOf } from './networks.ts';
import { signaturesOf } from './signatures.ts';
import { swavViews } from './views.ts';

export interface SwAVOptions extends Partial<SwAVConfig> {
  /** With its weights: with `momentum` a copy is made of it, here and now. */
  readonly backbone: Backbone;
  /** Default `swavViews()` for the backbone's channels. Two large views first; any number of smaller ones, the same or none. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the initial weights of head and prototypes, and of the queue. Default 0. */
  readonly seed?: number;
}

/**
 * SwAV (arXiv:2006.09882): images are assigned to learnt prototypes, each to as many, and every view of an image predicts from itself what
 * the other views were assigned to.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, for views that are not as said, and, when a run
 * begins, for more prototypes than images that are assigned together
 */
export function swav({ backbone, views, recipe = cifar, seed = 0, ...overrides }: SwAVOptions): Method {
  const config = checkedConfig(overrides);
  const plan = views ?? swavViews({ channels: backbone.inChannels });
  checkViews(plan);
  const rng = rngFromSeed(seed);
  const student = networkOf(backbone, config, rng);
  const teacher = config.momentum > 0 ? twinOf(student, config, rng) : undefined;
  const assigning = assigner(config, { rng });
  const method: Method = {
    spec: 1,
    name: 'swav',
    backbone,
    config,
    recipe,
    views: plan,
    acrossRanks: 'sums-statistics',
    trained: { ...student },
    carried: { ...assigning.members, ...(teacher && teacherMembers(teacher)) },
    signatures: signaturesOf(config),
    forRun: run => {
      checkRun(config, run);
      return method;
    },
    beforeStep: () => {
      for (const network of teacher ? [student, teacher] : [student]) normalizePrototypes(network);
    },
    ...inParts(partsOf(student, teacher, assigning, config)),
    adjustGradients: ({ [PROTOTYPES]: gradient }, { epoch }) => ({
      [PROTOTYPES]: gradient!.mul(tf.cast(epoch.greaterEqual(config.freezeEpochs), 'float32')),
    }),
    ...(teacher && { afterStep: () => follow(teacher, student, config.momentum) }),
    embed: (images: Tensor) => backbone(images), //                     [B, D]
    project: (images: Tensor) => student.head(backbone(images)), //     [B, P]
  };
  return method;
}

const PROTOTYPES = 'prototypes.weight';

function teacherMembers({ backbone, head, prototypes }: Network): Members {
  return { teacherBackbone: backbone, teacherHead: head, teacherPrototypes: prototypes };
}

function follow(teacher: Network, student: Network, share: number): void {
  const momentum = tf.scalar(share);
  for (const part of ['backbone', 'head', 'prototypes'] as const) {
    moveTowards(teacher[part].members, student[part].members, momentum);
  }
}

function partsOf(student: Network, teacher: Network | undefined, assigning: Assigner, config: SwAVConfig): StepParts {
  const assigned = <T>(ofViews: readonly T[]): T[] => ofViews.slice(0, ASSIGNED_VIEWS);
  return {
    encode({ views }) {
      const { features, embeddings } = encodeViews(student, views);
      const givers = teacher && encodeViews(teacher, assigned(views)).embeddings.map(stopGradient);
      return {
        ...named('features', assigned(features)),
        ...named('embedding', embeddings),
        ...(givers && named('giver', givers)),
      };
    },
    loss(encoded, _batch, { epoch }) {
      const embeddings = all('embedding', encoded);
      const scores = scoresOf(embeddings, prototypesOf(student)); //     [B, K] each
      const givers = teacher ? all('giver', encoded) : assigned(embeddings).map(stopGradient);
      const prototypes = stopGradient(prototypesOf(teacher ?? student)); // [P, K]
      const given = teacher ? scoresOf(givers, prototypes) : assigned(scores);
      const { assignments, queueUsed } = assigning.assign(givers, given, prototypes, epoch);
      return {
        loss: swavLoss(scores, assignments, config),
        features: tf.concat(all('features', encoded)),
        metrics: { assignmentEntropy: entropyOf(tf.concat(assignments)), queueUsed },
      };
    },
  };
}

function scoresOf(embeddings: readonly Tensor[], prototypes: Tensor): Tensor[] {
  return tf.split(matMul(tf.concat([...embeddings]), prototypes), embeddings.length);
}

function named(name: string, tensors: readonly Tensor[]): Record<string, Tensor> {
  return Object.fromEntries(tensors.map((each, i) => [`${name}${i}`, each]));
}

function all(name: string, encoded: Readonly<Record<string, Tensor>>): Tensor[] {
  return Object.entries(encoded).flatMap(([key, each]) => (/^\D+/.exec(key)![0] === name ? [each] : []));
}

/** Mean entropy of `[N, K]` rows over ln K: 0 when each names one prototype, 1 when it names all alike. */
function entropyOf(rows: Tensor): Tensor {
  const plogp = rows.mul(tf.log(tf.maximum(rows, 1e-30)));
  return plogp.sum(1).mean().div(-Math.log(rows.shape[1]!));
}
