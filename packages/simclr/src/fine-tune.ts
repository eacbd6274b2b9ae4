import {
  type Backbone,
  type Batch,
  ConfigError,
  configure,
  inParts,
  type Members,
  type Method,
  type Module,
  type Recipe,
  rngFromSeed,
  type StepParts,
  type Tensor,
  Variable,
  type ViewPlan,
} from '@ssl/core';
import { everyView } from '@ssl/core/data';
import type { ParameterGroup } from '@ssl/core/optim';
import { labelledRows, meanOfLabelled } from './classifier-loss.ts';
import { type FineTuneConfig, fineTuneDefaults, fineTuning } from './config-v2.ts';
import { firstLayers, linearClassifier } from './head-layers.ts';
import { fineTuneViews } from './views.ts';

export interface FineTuneOptions extends Partial<FineTuneConfig> {
  /** What `simclr` made, with its weights, or its networks. Its own variables are fine-tuned, not copies: it changes with this method. */
  readonly pretrained: Method | { readonly backbone: Backbone; readonly head?: Module };
  /** At least 2; labels are 0 … classes − 1, and −1 for none. */
  readonly classes: number;
  /** Default `fineTuneViews()` for the backbone's channels. One view. */
  readonly views?: ViewPlan;
  /** Default `fineTuning`. */
  readonly recipe?: Recipe;
  /** Of the classifier's initial weights, where it does not start at 0. Default 0. */
  readonly seed?: number;
}

/**
 * Fine-tuning of SimCLR v2 (arXiv:2006.10029 §2.2): the backbone, the first layers of the projection head and a new linear classifier on
 * them learn from labels, all three. Images without a label (−1) are left out. `embed` gives what the classifier sees, `project` the logits.
 * @throws ConfigError for a setting that is unknown or out of range, `fromLayer` beyond the head, and a plan of other than one view
 */
export function fineTune(options: FineTuneOptions): Method {
  const { pretrained, classes, views, recipe = fineTuning, seed = 0, ...overrides } = options;
  const config = configure('fineTune', fineTuneDefaults, overrides);
  const { backbone, head: whole } = networksOf(pretrained);
  const plan = views ?? fineTuneViews({ channels: backbone.inChannels });
  check(config, classes, plan);
  const { head, width } = firstLayers('fineTune', backbone.outDim, whole, config.fromLayer);
  const classifier = linearClassifier(width, classes, { rng: rngFromSeed(seed), zeroInit: config.zeroInit });
  const seen = (features: Tensor): Tensor => (head ? head(features) : features);
  return {
    spec: 1,
    name: 'simclr-fine-tune',
    backbone,
    config: { ...config, classes },
    classes,
    recipe,
    views: plan,
    acrossRanks: 'mean',
    trained: { backbone, ...(head && { head }), classifier },
    needsLabels: true,
    groups: (_peak, { optimizer }) => classifierGroups(optimizer),
    ...inParts(partsOf({ backbone, seen, classifier }, config)),
    embed: (images: Tensor) => seen(backbone(images)), //                [B, width]
    project: (images: Tensor) => classifier(seen(backbone(images))), // [B, classes]
  };
}

interface Networks {
  readonly backbone: Backbone;
  readonly seen: (features: Tensor) => Tensor;
  readonly classifier: Module;
}

function partsOf({ backbone, seen, classifier }: Networks, { labelSmoothing }: FineTuneConfig): StepParts {
  return {
    encode({ views: [images] }) {
      const features = backbone(images!); // [B, D]
      return { features, logits: classifier(seen(features)) };
    },
    loss({ features, logits }, { labels }) {
      const { losses, known, right } = labelledRows(logits!, required(labels), labelSmoothing);
      const accuracy = meanOfLabelled(right, known);
      return { loss: meanOfLabelled(losses, known), features: features!, metrics: { accuracy } };
    },
  };
}

function required(labels: Batch['labels']): Tensor {
  if (labels) return labels;
  throw new ConfigError('fineTune: the batch must have labels; got none; use labelled data');
}

/** LARS neither adapts nor decays the classifier: model_util.py, get_optimizer, 'head_supervised'. At 0 its rate would follow its length. */
function classifierGroups(optimizer: Recipe['optimizer']): ParameterGroup[] {
  return optimizer === 'lars' ? [{ match: ({ name }) => name === 'classifier.weight', excluded: true }] : [];
}

function networksOf(pretrained: FineTuneOptions['pretrained']): {
  readonly backbone: Backbone;
  readonly head?: Module;
} {
  const { backbone } = pretrained;
  const head: Members[string] | undefined = 'trained' in pretrained ? pretrained.trained.head : pretrained.head;
  return head === undefined || head instanceof Variable ? { backbone } : { backbone, head };
}

function check({ labelSmoothing }: FineTuneConfig, classes: number, plan: ViewPlan): void {
  if (!Number.isInteger(classes) || classes < 2) {
    throw new ConfigError(`fineTune: classes must be a whole number of at least 2; got ${classes}`);
  }
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new ConfigError(`fineTune: labelSmoothing must be in [0, 1); got ${labelSmoothing}`);
  }
  checkOneView('fineTune', plan);
}

/** @throws ConfigError for a plan of other than one view */
export function checkOneView(who: string, plan: ViewPlan): void {
  const count = everyView(plan).length;
  if (count !== 1) throw new ConfigError(`${who}: views must be one; got ${count}; make it with fineTuneViews()`);
}
