export {
  type ClearOptions,
  clearPixelCaches,
  listPixelCaches,
  type PixelCacheEntry,
  verifyPixelCache,
} from './cache-admin.ts';
export type { HostBatch } from './fill-batch.ts';
export { type Loader, openLoader } from './loader.ts';
export { checkReading, type Keep, type LoaderOptions, type ReadingOptions } from './options.ts';
export type { PixelBlock, PixelLayout } from './pixel-block.ts';
export { pixelCacheFolder } from './pixel-cache.ts';
export type { RetryOptions } from './retry.ts';
