import { statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname } from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { Dataset } from '../dataset.ts';
import type { Fit } from '../resize.ts';
import { DEFAULT_WORKERS } from './decode-pool.ts';
import { checkMemory, checkSize, type PixelLayout, rowBytes } from './pixel-block.ts';
import { pixelCacheFolder } from './pixel-cache.ts';
import type { RetryOptions } from './retry.ts';

/** Where decoded pictures are kept: nowhere, in memory, or in a file that other runs and processes share. */
export type Keep = 'none' | 'memory' | 'disk';

/** How pictures are read. None of it changes a batch: those depend on the data, the size, the seed and the epoch alone. */
export interface ReadingOptions {
  /** Decoding threads; 0 decodes in the caller's. Default: one fewer than there are cores, at most 8. */
  readonly workers?: number;
  /** Batches that are read ahead. Default 2. */
  readonly prefetch?: number;
  /**
   * Default `auto`: `memory` where the decoded pictures take up to a quarter of it, else `disk` where they take up to a quarter of what is free
   * there, else `none`.
   */
  readonly cache?: 'auto' | Keep;
  /** Folder of the caches on disk. Default: `pixels` in the user's cache folder. */
  readonly cacheFolder?: string;
  /** Storage that fails for a while. */
  readonly retry?: RetryOptions;
  /** Share of the pictures that may be unreadable before reading stops with an error. Default 0.5. */
  readonly maxBadShare?: number;
}

export interface LoaderOptions extends ReadingOptions {
  /** Width and height of the squares, pixels. */
  readonly size: number;
  /** `fill` (default) squashes the whole picture, `cover` keeps the middle square. */
  readonly fit?: Fit;
  /** Pictures in a batch, of all ranks together. */
  readonly batchSize: number;
  /** Of the order of the pictures and of what replaces unreadable ones. Default 0. */
  readonly seed?: number;
  /** This process's part of each batch, `{ rank: 0, world: 1 }` by default. */
  readonly rank?: number;
  readonly world?: number;
  /** Called while a cache is built. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called once when another process builds the cache and is being waited for. */
  readonly onWait?: () => void;
  /** Stops building the cache. */
  readonly signal?: AbortSignal;
}

const MEMORY_SHARE = 0.25;
const DISK_SHARE = 0.25;
const DEFAULTS = { prefetch: 2, maxBadShare: 0.5 } as const;

export type CheckedReading = Required<Pick<ReadingOptions, 'workers' | 'prefetch' | 'maxBadShare'>>;

/** @throws ConfigError for a number out of range. */
export function checkReading(options: ReadingOptions): CheckedReading {
  const { workers = DEFAULT_WORKERS, prefetch = DEFAULTS.prefetch, maxBadShare = DEFAULTS.maxBadShare } = options;
  for (const [name, value] of Object.entries({ workers, prefetch })) {
    if (!Number.isInteger(value) || value < 0)
      throw new ConfigError(`loader: ${name} must be a whole number of at least 0; got ${value}`);
  }
  if (!(maxBadShare >= 0 && maxBadShare <= 1))
    throw new ConfigError(`loader: maxBadShare must be between 0 and 1; got ${maxBadShare}`);
  const { cache } = options;
  if (cache !== undefined && !['auto', 'none', 'memory', 'disk'].includes(cache))
    throw new ConfigError(`loader: cache must be one of auto, none, memory, disk; got ${String(cache)}`);
  return { workers, prefetch, maxBadShare };
}

/** @throws ConfigError when the squares do not fit where they were asked to be kept. */
export async function keepOf(dataset: Dataset, layout: PixelLayout, options: ReadingOptions): Promise<Keep> {
  checkSize('loader', layout.size);
  const { cache = 'auto', cacheFolder = pixelCacheFolder() } = options;
  const bytes = dataset.size * rowBytes(layout);
  if (cache === 'memory') checkMemory('loader', dataset.size, layout, "use cache 'disk' or 'none', or a smaller size");
  if (cache !== 'auto') return cache;
  if (bytes <= MEMORY_SHARE * totalmem()) return 'memory';
  return bytes <= DISK_SHARE * (await freeBytes(cacheFolder)) ? 'disk' : 'none';
}

/** Of the disk that holds the folder, or will. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    const parent = dirname(folder);
    return parent === folder ? 0 : freeBytes(parent);
  }
}
