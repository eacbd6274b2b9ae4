export { cifar, defaults, imagenet, imagenetLarge, type SwAVConfig } from './config.ts';
export { type SwAVLossOptions, swavLoss } from './loss.ts';
export { method } from './package.ts';
export { type SinkhornOptions, sinkhorn } from './sinkhorn.ts';
export { type SwAVOptions, swav } from './swav.ts';
export { drawingViews, type SwAVViewOptions, swavViews } from './views.ts';
