export { cifar, defaults, imagenet, type SimCLRConfig, type SimCLRLoss } from './config.ts';
export { type DCLWOptions, dcl, dclw, type NTXentOptions, ntXent } from './loss.ts';
export { method } from './package.ts';
export { type SimCLROptions, simclr } from './simclr.ts';
export { type SimCLRViewOptions, simclrViews } from './views.ts';
