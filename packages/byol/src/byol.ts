import {
  type Backbone,
  ConfigError,
  configure,
  copyValues,
  featureStdOf,
  inParts,
  l2Normalize,
  type Method,
  type Module,
  mlp,
  moveTowards,
  type Recipe,
  requireCounts,
  requireTwoViews,
  rngFromSeed,
  type StepParts,
  stopGradient,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { cosine } from '@ssl/core/optim';
import { type BYOLConfig, cifar, defaults } from './config.ts';
import { byolLoss } from './loss.ts';
import { signatures } from './signatures.ts';
import { byolViews } from './views.ts';

export interface BYOLOptions extends Partial<BYOLConfig> {
  /** With its weights: the teacher starts as a copy of it, here and now. */
  readonly backbone: Backbone;
  /** Default `byolViews()` for the backbone's channels. Two views. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the heads' initial weights. Default 0. */
  readonly seed?: number;
}

interface Networks {
  readonly backbone: Backbone;
  readonly head: Module;
  /** The student's alone. */
  readonly predictor: Module;
  readonly teacherBackbone: Backbone;
  readonly teacherHead: Module;
}

/**
 * BYOL (arXiv:2006.07733): from one view of an image, the student predicts what its teacher, a slow copy of itself, makes of the other.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, and for a plan of other than two views
 */
export function byol({ backbone, views, recipe = cifar, seed = 0, ...overrides }: BYOLOptions): Method {
  const config = configure('byol', defaults, overrides);
  const plan = views ?? byolViews({ channels: backbone.inChannels });
  check(config, plan);
  const networks = networksOf(backbone, config, seed);
  const { head, predictor, teacherBackbone, teacherHead } = networks;
  return {
    spec: 1,
    name: 'byol',
    backbone,
    config,
    recipe,
    views: plan,
    acrossRanks: 'mean',
    trained: { backbone, head, predictor },
    carried: { teacherBackbone, teacherHead },
    schedules: { momentum: ({ step, steps }) => cosine(config.momentum, 1)(step, steps) },
    signatures,
    ...inParts(partsOf(networks)),
    afterStep({ scheduled }) {
      moveTowards(teacherBackbone.members, backbone.members, scheduled.momentum!);
      moveTowards(teacherHead.members, head.members, scheduled.momentum!);
    },
    embed: (images: Tensor) => backbone(images), //         [B, D]
    project: (images: Tensor) => head(backbone(images)), // [B, P]
  };
}

/** Heads of the code's `utils/networks.py`, `MLP`: a norm after the hidden layer, and the last layer without norm or bias. */
function networksOf(backbone: Backbone, config: BYOLConfig, seed: number): Networks {
  const { hiddenDim, projectionDim: P, predictorHiddenDim } = config;
  const rng = rngFromSeed(seed);
  const makeHead = (): Module => mlp([backbone.outDim, hiddenDim, P], { rng, lastBias: false });
  const [head, teacherHead] = [makeHead(), makeHead()];
  copyValues(teacherHead.members, head.members);
  const predictor = mlp([P, predictorHiddenDim, P], { rng, lastBias: false });
  return { backbone, head, predictor, teacherBackbone: backbone.twin(), teacherHead };
}

function partsOf({ backbone, head, predictor, teacherBackbone, teacherHead }: Networks): StepParts {
  const targetOf = (images: Tensor): Tensor => stopGradient(teacherHead(teacherBackbone(images)));
  return {
    // Each view is a pass of its own through either network, with batch statistics of its own (byol_experiment.py, _forward).
    encode({ views: [first, second] }) {
      const [features1, features2] = [backbone(first!), backbone(second!)]; //         [B, D]
      const [projection1, projection2] = [head(features1), head(features2)]; //        [B, P]
      const [target1, target2] = [targetOf(first!), targetOf(second!)];
      const predictions = { prediction1: predictor(projection1), prediction2: predictor(projection2) };
      return { features1, features2, projection1, projection2, ...predictions, target1, target2 };
    },
    loss(
      { features1, features2, projection1, projection2, prediction1, prediction2, target1, target2 },
      _batch,
      { scheduled },
    ) {
      const targets = tf.concat([target1!, target2!]); //                              [2B, P]
      const projections = stopGradient(tf.concat([projection1!, projection2!]));
      return {
        loss: byolLoss(prediction1!, target2!).add(byolLoss(prediction2!, target1!)),
        features: tf.concat([features1!, features2!]),
        metrics: {
          targetStd: featureStdOf(targets),
          teacherMomentum: scheduled.momentum!,
          teacherAgreement: l2Normalize(projections).mul(l2Normalize(targets)).sum(1).mean(),
        },
      };
    },
  };
}

function check({ momentum, ...widths }: BYOLConfig, plan: ViewPlan): void {
  requireCounts('byol', widths);
  if (!(momentum >= 0 && momentum <= 1)) {
    throw new ConfigError(`byol: momentum must be from 0 to 1; got ${momentum}; ${defaults.momentum} is usual`);
  }
  requireTwoViews('byol', plan, 'byolViews');
}
