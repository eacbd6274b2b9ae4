export { cifar, defaults, imagenet, type VICRegConfig } from './config.ts';
export { type VICRegLossOptions, type VICRegTerms, vicregLoss, vicregTerms } from './loss.ts';
export { method } from './package.ts';
export { signatures } from './signatures.ts';
export { type VICRegOptions, vicreg } from './vicreg.ts';
export { type VICRegViewOptions, vicregViews } from './views.ts';
