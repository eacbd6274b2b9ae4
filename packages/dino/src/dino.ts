import {
  type Backbone,
  copyValues,
  type Encoded,
  inParts,
  type Method,
  moveTowards,
  passesBySize,
  type Recipe,
  rngFromSeed,
  type StepParts,
  type StepResult,
  stopGradient,
  type Tensor,
  tf,
  type Variable,
  type ViewPlan,
} from '@ssl/core';
import { variable } from '@ssl/core/nn';
import { attentionSheet } from './attention.ts';
import { moveCenter } from './center.ts';
import { checkedConfig, checkViews, isTransformer, TEACHER_VIEWS } from './check.ts';
import { cifar, type DINOConfig } from './config.ts';
import { adjusted } from './gradients.ts';
import { type DINOHead, dinoHead } from './head.ts';
import { balancedTargets, crossEntropyOfPairs, dinoTargets } from './loss.ts';
import { agreement, entropy } from './metrics.ts';
import { schedulesOf } from './schedules.ts';
import { signaturesOf } from './signatures.ts';
import { dinoViews } from './views.ts';

export interface DINOOptions extends Partial<DINOConfig> {
  /** The student's, with its weights: the teacher starts as a copy of it, here and now. Drop path is the student's alone. */
  readonly backbone: Backbone;
  /** Default `dinoViews()` for the backbone's channels. Two for both networks, then any number for the student. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the heads' initial weights. Default 0. */
  readonly seed?: number;
}

interface Networks {
  readonly backbone: Backbone;
  readonly head: DINOHead;
  readonly teacherBackbone: Backbone;
  readonly teacherHead: DINOHead;
  /** `[K]`, of the teacher's outputs. */
  readonly center: Variable;
}

/**
 * DINO (arXiv:2104.14294): from small and large crops of a picture, the student predicts what its teacher, a slow copy of itself, makes of the
 * large ones, told apart by a softmax over K outputs that is centred and sharpened. The run leaves the teacher's backbone.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, for a plan without two views for the
 * teacher, with larger ones after them, or with a view that the backbone's patches do not divide
 */
export function dino({ backbone, views, recipe = cifar, seed = 0, ...overrides }: DINOOptions): Method {
  const config = checkedConfig(overrides);
  const plan = views ?? dinoViews({ channels: backbone.inChannels });
  checkViews(plan, backbone);
  const networks = networksOf(backbone, config, seed);
  const { head, teacherBackbone, teacherHead, center } = networks;
  return {
    spec: 1,
    name: 'dino',
    backbone,
    result: teacherBackbone,
    config,
    recipe,
    views: plan,
    acrossRanks: config.centering === 'sinkhorn' ? 'sums-statistics' : 'mean',
    trained: { backbone, head },
    carried: { teacherBackbone, teacherHead, center },
    schedules: schedulesOf(config),
    signatures: signaturesOf(config),
    ...inParts(partsOf(networks, config)),
    adjustGradients: (gradients, { epoch }) => adjusted(gradients, epoch, config),
    afterStep({ scheduled }) {
      moveTowards(teacherBackbone.members, backbone.members, scheduled.momentum!);
      moveTowards(teacherHead.members, head.members, scheduled.momentum!);
    },
    embed: (images: Tensor) => teacherBackbone(images), //                [B, D]
    project: (images: Tensor) => teacherHead(teacherBackbone(images)), // [B, K]
    ...(isTransformer(teacherBackbone) &&
      teacherBackbone.config.classToken && { pictures: input => attentionSheet(teacherBackbone, input) }),
  };
}

function networksOf(backbone: Backbone, config: DINOConfig, seed: number): Networks {
  const rng = rngFromSeed(seed);
  const [head, teacherHead] = [
    dinoHead(backbone.outDim, { ...config, rng }),
    dinoHead(backbone.outDim, { ...config, rng }),
  ];
  copyValues(teacherHead.members, head.members);
  const center = variable(() => tf.zeros([config.outputDim]), { kind: 'buffer' });
  return { backbone, head, teacherBackbone: backbone.twin(), teacherHead, center };
}

function partsOf(networks: Networks, config: DINOConfig): StepParts {
  const { backbone, head, teacherBackbone, teacherHead } = networks;
  return {
    // As utils.py, MultiCropWrapper: a pass of the backbone for each size of crop, one of the head for all of them.
    encode({ views }) {
      const features = passesBySize(views, backbone); //                  V times [B, D]
      const large = views.slice(0, TEACHER_VIEWS);
      const seen = teacherHead.bottleneck(tf.concat(passesBySize(large, teacherBackbone)));
      return {
        ...named('features', features.slice(0, TEACHER_VIEWS)),
        ...named('student', tf.split(head.bottleneck(tf.concat(features)), views.length)),
        ...named('teacher', tf.split(stopGradient(seen), TEACHER_VIEWS)),
      };
    },
    // The last layer is wide: rows of all views go through it here, where those of a batch in parts are together again.
    loss: (encoded, _batch, { scheduled }) => lossOf(networks, config, encoded, scheduled),
  };
}

function lossOf(
  { head, teacherHead, center }: Networks,
  { studentTemperature, centering, centerMomentum }: DINOConfig,
  encoded: Encoded,
  { momentum, teacherTemperature }: Readonly<Record<string, Tensor>>,
): StepResult {
  const [student, teacher] = [inOrder('student', encoded), inOrder('teacher', encoded)];
  // Divided where rows are narrow, not where they have K values.
  const logits = head.lastLayer(tf.concat(student).div(studentTemperature)); // [V · B, K]
  const outputs = stopGradient(teacherHead.lastLayer(tf.concat(teacher))); //   [2B, K]
  const options = { teacherTemperature: teacherTemperature! };
  const targets =
    centering === 'sinkhorn'
      ? balancedTargets(outputs, options)
      : dinoTargets(outputs, { ...options, center: center.read() });
  const loss = crossEntropyOfPairs(tf.split(logits, student.length), tf.split(targets, teacher.length));
  if (centering === 'mean') moveCenter(center, outputs, centerMomentum);
  return {
    loss,
    features: tf.concat(inOrder('features', encoded)),
    metrics: {
      teacherEntropy: entropy(targets).mean(),
      meanTargetEntropy: entropy(targets.mean(0)),
      teacherTemperature: teacherTemperature!,
      teacherMomentum: momentum!,
      teacherAgreement: agreement(tf.concat(student.slice(0, teacher.length)), tf.concat(teacher)),
    },
  };
}

function named(name: string, tensors: readonly Tensor[]): Encoded {
  return Object.fromEntries(tensors.map((tensor, i) => [`${name}${i}`, tensor]));
}

function inOrder(name: string, encoded: Encoded): Tensor[] {
  const own = Object.keys(encoded).filter(key => key.startsWith(name));
  return own.map((_, i) => encoded[`${name}${i}`]!);
}
