export { cacheFolder } from '../user-cache.ts';
export { type AtomicOptions, type FileSink, writeAtomic } from './atomic-file.ts';
export {
  type Checkpoint,
  type Json,
  type LatestCheckpointOptions,
  latestCheckpoint,
  loadCheckpoint,
  type SaveCheckpointOptions,
  type Stored,
  saveCheckpoint,
} from './checkpoint.ts';
export {
  type Download,
  type DownloadOptions,
  type DownloadProgress,
  download,
  removeDownload,
  sourceOf,
} from './download.ts';
export {
  openSafetensors,
  type SafetensorsFile,
  type TensorSource,
  type TensorValues,
  writeSafetensors,
} from './safetensors.ts';
export type { SafetensorsDtype, SafetensorsHeader, TensorEntry } from './safetensors-header.ts';
export { type LoadedWeights, type LoadWeightsOptions, loadWeights, saveWeights } from './state-dict.ts';
export { type WholeFolderOptions, wholeFolder } from './whole-folder.ts';
