export { type BYOLOptions, byol } from './byol.ts';
export { type BYOLConfig, cifar, defaults, imagenet } from './config.ts';
export { byolLoss } from './loss.ts';
export { method } from './package.ts';
export { signatures } from './signatures.ts';
export { type BYOLViewOptions, byolViews } from './views.ts';
