export { cifar, defaults, imagenet, type SimCLRConfig } from './config.ts';
export { type NTXentOptions, ntXent } from './loss.ts';
export { method } from './package.ts';
export { type SimCLROptions, simclr } from './simclr.ts';
export { type SimCLRViewOptions, simclrViews } from './views.ts';
