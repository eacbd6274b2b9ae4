export { type DistillationOptions, distillationLoss } from './classifier-loss.ts';
export { cifar, defaults, imagenet, imagenetV2, type SimCLRConfig, type SimCLRLoss, v2 } from './config.ts';
export {
  type DistillConfig,
  distillation,
  distillDefaults,
  type FineTuneConfig,
  fineTuneDefaults,
  fineTuning,
} from './config-v2.ts';
export { type DistillOptions, distill } from './distill.ts';
export { type FineTuneOptions, fineTune } from './fine-tune.ts';
export { type DCLWOptions, dcl, dclw, type NTXentOptions, ntXent } from './loss.ts';
export { method } from './package.ts';
export { type SimCLROptions, simclr } from './simclr.ts';
export { fineTuneViews, type SimCLRViewOptions, simclrViews } from './views.ts';
