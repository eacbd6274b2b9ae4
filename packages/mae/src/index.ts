export { cifar, defaults, imagenet, type MAEConfig } from './config.ts';
export {
  maeLoss,
  normalizePatches,
  type PatchStatistics,
  patchify,
  patchStatistics,
  unpatchify,
} from './loss.ts';
export { type MAEOptions, mae } from './mae.ts';
export { method } from './package.ts';
export { type MAEViewOptions, maeViews } from './views.ts';
