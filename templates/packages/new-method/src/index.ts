export { cifar, defaults, imagenet, type NewMethodConfig } from './config.ts';
export { alignment, type NewMethodLossOptions, newMethodLoss, newMethodTerms, uniformity } from './loss.ts';
export { type NewMethodOptions, newMethod } from './new-method.ts';
export { method } from './package.ts';
export { type NewMethodViewOptions, newMethodViews } from './views.ts';
