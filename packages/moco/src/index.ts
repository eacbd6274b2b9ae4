export { cifar, cifarV3, defaults, imagenet, imagenetV3, type MoCoConfig, versions } from './config.ts';
export { type InfoNCEOptions, infoNCE, infoNCEInBatch } from './loss.ts';
export { type MoCoOptions, moco } from './moco.ts';
export { method } from './package.ts';
export { inGroups, inShuffledGroups } from './shuffle.ts';
export { type MoCoViewOptions, mocoViews } from './views.ts';
