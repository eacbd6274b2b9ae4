export { cifar, defaults, imagenet, type NNCLRConfig } from './config.ts';
export { type NNCLRLossOptions, nnclrLoss } from './loss.ts';
export { type Neighbours, nearestNeighbours } from './nearest.ts';
export { type NNCLROptions, nnclr } from './nnclr.ts';
export { method } from './package.ts';
export { type NNCLRViewOptions, nnclrViews } from './views.ts';
