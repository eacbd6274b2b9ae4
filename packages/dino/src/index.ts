export { moveCenter } from './center.ts';
export { cifar, convnet, type DINOConfig, defaults, imagenet } from './config.ts';
export { type DINOOptions, dino } from './dino.ts';
export { type DINOHead, type DINOHeadOptions, dinoHead } from './head.ts';
export { balancedTargets, type DINOLossOptions, type DINOTargetOptions, dinoLoss, dinoTargets } from './loss.ts';
export { method } from './package.ts';
export { signaturesOf } from './signatures.ts';
export { type DINOViewOptions, dinoViews, drawingViews } from './views.ts';
