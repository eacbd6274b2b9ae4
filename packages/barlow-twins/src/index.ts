export { type BarlowTwinsOptions, barlowTwins } from './barlow-twins.ts';
export { type BarlowTwinsConfig, cifar, defaults, imagenet } from './config.ts';
export { type BarlowTwinsLossOptions, type BarlowTwinsTerms, barlowTwinsLoss, barlowTwinsTerms } from './loss.ts';
export { method } from './package.ts';
export { signatures } from './signatures.ts';
export { type BarlowTwinsViewOptions, barlowTwinsViews } from './views.ts';
