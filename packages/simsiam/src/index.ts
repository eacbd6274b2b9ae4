export { cifar, defaults, imagenet, type SimSiamConfig } from './config.ts';
export { dimensionsOf } from './dimensions.ts';
export { negativeCosineSimilarity } from './loss.ts';
export { method } from './package.ts';
export { signatures } from './signatures.ts';
export { type SimSiamOptions, simsiam } from './simsiam.ts';
export { type SimSiamViewOptions, simsiamViews } from './views.ts';
