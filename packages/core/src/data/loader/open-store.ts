import type { Dataset } from '../dataset.ts';
import { decodePool } from './decode-pool.ts';
import { checkReading, type Keep, keepOf, type LoaderOptions } from './options.ts';
import { layoutOf } from './pixel-block.ts';
import { cachedStore } from './pixel-cache.ts';
import { decodingStore, memoryStore, type PixelStore } from './pixel-store.ts';
import { squareReader } from './square-reader.ts';

export interface OpenStore extends PixelStore {
  readonly keep: Keep;
  /** Pictures known to be unreadable, with the reason: all of them where the squares are kept, else none yet. */
  readonly failures: ReadonlyMap<number, string>;
}

/** The squares of a dataset, kept as asked for; building a cache happens here. */
export async function openStore(dataset: Dataset, options: Omit<LoaderOptions, 'batchSize'>): Promise<OpenStore> {
  const { workers } = checkReading(options);
  const { size, fit = 'fill', retry } = options;
  const layout = layoutOf(dataset, size);
  const keep = await keepOf(dataset, layout, options);
  const pool = dataset.encoded && workers > 0 ? decodePool(workers) : undefined;
  const read = squareReader(dataset, { size, fit, pool, retry });
  try {
    if (keep === 'none') {
      const store = decodingStore(layout, read);
      return { ...store, keep, failures: new Map(), close: async () => pool?.close() };
    }
    const { onProgress, onWait, signal, cacheFolder: folder } = options;
    const { name, fingerprint, size: count } = dataset;
    const key = { name, fingerprint, count, fit, ...layout };
    const store =
      keep === 'memory'
        ? await memoryStore(layout, count, read, { onProgress, signal })
        : await cachedStore(key, read, { folder, onProgress, onWait, signal });
    await pool?.close(); // everything is decoded
    return { ...store, keep };
  } catch (error) {
    await pool?.close();
    throw error;
  }
}
