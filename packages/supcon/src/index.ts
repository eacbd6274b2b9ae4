export {
  type CrossEntropyConfig,
  cifar,
  cifarCrossEntropy,
  crossEntropyDefaults,
  defaults,
  imagenet,
  imagenetCrossEntropy,
  type SupConConfig,
} from './config.ts';
export { type CrossEntropyOptions, crossEntropy } from './cross-entropy.ts';
export {
  type CrossEntropyLossOptions,
  crossEntropyLoss,
  type SupConLossOptions,
  type SupConTerms,
  supConLoss,
  supConTerms,
} from './loss.ts';
export { method, type Objective } from './package.ts';
export { type SupConOptions, supcon } from './supcon.ts';
export { type CrossEntropyViewOptions, crossEntropyViews, type SupConViewOptions, supConViews } from './views.ts';
