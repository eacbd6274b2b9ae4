import {
  type Backbone,
  type Batch,
  ConfigError,
  configure,
  inContext,
  inParts,
  type Members,
  type Method,
  type Module,
  type Recipe,
  rngFromSeed,
  type StepParts,
  stateOf,
  stopGradient,
  type Tensor,
  type ViewPlan,
} from '@ssl/core';
import { distillationLoss, labelledRows, meanOfLabelled } from './classifier-loss.ts';
import { type DistillConfig, distillation, distillDefaults } from './config-v2.ts';
import { checkOneView } from './fine-tune.ts';
import { linearClassifier } from './head-layers.ts';
import { fineTuneViews } from './views.ts';

export interface DistillOptions extends Partial<DistillConfig> {
  /** What `fineTune` or `distill` made, with its weights. It is not changed, and a checkpoint holds it too. */
  readonly teacher: Method;
  /** As large as the teacher's or smaller; another one, with whatever weights it is to start from. */
  readonly student: Backbone;
  /** Default `fineTuneViews()` for the student's channels. One view, which both see. */
  readonly views?: ViewPlan;
  /** Default `distillation`. */
  readonly recipe?: Recipe;
  /** Of the initial weights of the student's classifier. Default 0. */
  readonly seed?: number;
}

/**
 * Distillation of SimCLR v2 (arXiv:2006.10029 §2.3): a student with a linear classifier learns to answer as the teacher does, on images with
 * or without labels. The teacher runs in evaluation mode. With `alpha` below 1 labels count too, eq. 3; images without one (−1) only for the
 * teacher's part. `embed` gives the student's features, `project` its logits.
 * @throws ConfigError for a setting that is unknown or out of range, a teacher that is no classifier, a student that shares its variables or
 *   takes other channels, and a plan of other than one view
 */
export function distill({
  teacher,
  student,
  views,
  recipe = distillation,
  seed = 0,
  ...overrides
}: DistillOptions): Method {
  const config = configure('distill', distillDefaults, overrides);
  const plan = views ?? fineTuneViews({ channels: student.inChannels });
  check(config, plan);
  const { classes, answer } = classifierOf(teacher);
  checkStudent(student, teacher);
  const classifier = linearClassifier(student.outDim, classes, { rng: rngFromSeed(seed), zeroInit: false });
  return {
    spec: 1,
    name: 'simclr-distill',
    backbone: student,
    config: { ...config, classes, teacher: teacher.backbone.name },
    classes,
    recipe,
    views: plan,
    acrossRanks: 'mean',
    trained: { backbone: student, classifier },
    carried: carriedOf(teacher),
    needsLabels: config.alpha < 1,
    ...inParts(partsOf({ student, classifier, answer }, config)),
    embed: (images: Tensor) => student(images), //               [B, D]
    project: (images: Tensor) => classifier(student(images)), // [B, classes]
  };
}

interface Networks {
  readonly student: Backbone;
  readonly classifier: Module;
  readonly answer: (images: Tensor) => Tensor;
}

function partsOf({ student, classifier, answer }: Networks, { temperature, alpha }: DistillConfig): StepParts {
  return {
    encode({ views: [images] }) {
      const features = student(images!); // [B, D]
      const targets = stopGradient(inContext({ training: false }, () => answer(images!)));
      return { features, logits: classifier(features), targets };
    },
    loss({ features, logits, targets }, { labels }) {
      const taught = distillationLoss(logits!, targets!, { temperature });
      const agreement = logits!.argMax(1).equal(targets!.argMax(1)).cast('float32').mean();
      if (alpha === 1) return { loss: taught, features: features!, metrics: { agreement } };
      const { losses, known, right } = labelledRows(logits!, required(labels));
      // Eq. 3 has sums over the labelled and over all images: both by the size of the batch.
      const loss = taught.mul(alpha).add(losses.mean().mul(1 - alpha));
      return { loss, features: features!, metrics: { agreement, accuracy: meanOfLabelled(right, known) } };
    },
  };
}

function required(labels: Batch['labels']): Tensor {
  if (labels) return labels;
  throw new ConfigError('distill: with alpha below 1 the batch must have labels; got none; set alpha to 1');
}

function classifierOf({ name, project, classes }: Method): { classes: number; answer: (images: Tensor) => Tensor } {
  if (project && classes !== undefined) return { classes, answer: project };
  throw new ConfigError(`distill: the teacher must tell classes apart, as what fineTune() makes; got ${name}`);
}

/** The teacher's variables under names of their own: `backbone` becomes `teacherBackbone`. */
function carriedOf({ trained }: Method): Members {
  return Object.fromEntries(
    Object.entries(trained).map(([key, member]) => [`teacher${key[0]!.toUpperCase()}${key.slice(1)}`, member]),
  );
}

function check({ temperature, alpha }: DistillConfig, plan: ViewPlan): void {
  if (temperature <= 0) throw new ConfigError(`distill: temperature must be above 0; got ${temperature}`);
  if (alpha <= 0 || alpha > 1) {
    throw new ConfigError(
      `distill: alpha must be above 0 and at most 1; got ${alpha}; to learn from labels alone use fineTune()`,
    );
  }
  checkOneView('distill', plan);
}

function checkStudent(student: Backbone, { backbone, trained }: Method): void {
  if (student.inChannels !== backbone.inChannels) {
    throw new ConfigError(
      `distill: the student must take as many channels as the teacher, ${backbone.inChannels}; got ${student.inChannels}`,
    );
  }
  const own = new Set(stateOf(student.members).values());
  if (![...stateOf(trained).values()].some(variable => own.has(variable))) return;
  throw new ConfigError(
    "distill: the student must have variables of its own; got the teacher's; give teacher.backbone.twin(), or another backbone",
  );
}
