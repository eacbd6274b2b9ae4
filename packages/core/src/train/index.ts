export { duration, type ProgressBar, progressBar } from '../progress-bar.ts';
export { InterruptedError } from './failure.ts';
export { methodExtractor } from './monitor.ts';
export type { PretrainOptions, ProgressEvent } from './options.ts';
export { type PretrainResult, pretrain } from './pretrain.ts';
export { pretrainProgress } from './progress.ts';
export { type RunConfig, type RunFolder, readMetrics, runFolder } from './run-folder.ts';
export { storedPicture } from './view-sheet.ts';
