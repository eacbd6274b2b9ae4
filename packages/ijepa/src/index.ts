export { cifar, defaults, type IJEPAConfig, imagenet } from './config.ts';
export { type IJEPAOptions, ijepa } from './ijepa.ts';
export { type IJEPALossOptions, ijepaLoss, normalizeTokens } from './loss.ts';
export { method } from './package.ts';
export { type IJEPAViewOptions, ijepaViews } from './views.ts';
