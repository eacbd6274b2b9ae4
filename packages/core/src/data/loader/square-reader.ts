/** Reads one picture of a dataset as a square, in a decoding thread where the dataset has encoded pictures. */
import { SSLError } from '../../errors.ts';
import type { Dataset } from '../dataset.ts';
import { reasonOf } from '../decode.ts';
import type { Fit } from '../resize.ts';
import type { DecodePool } from './decode-pool.ts';
import { isPassing, type RetryOptions, withRetries } from './retry.ts';
import { requestFor, type Square, squareOf } from './square.ts';

/** The square of picture `index`, or the reason why it cannot be read. */
export type SquareReader = (index: number) => Promise<Square | string>;

export interface SquareReaderOptions {
  readonly size: number;
  readonly fit: Fit;
  /** Without one, pictures are decoded by the caller's thread. */
  readonly pool?: DecodePool | undefined;
  readonly retry?: RetryOptions | undefined;
}

export function squareReader(dataset: Dataset, { size, fit, pool, retry }: SquareReaderOptions): SquareReader {
  const read = async (index: number): Promise<Square> => {
    if (pool && dataset.file) return withRetries(() => pool.decode(dataset.file!(index), size, fit), retry);
    if (pool && dataset.encoded) {
      const encoded = await withRetries(() => dataset.encoded!(index), retry);
      return pool.decode(encoded, size, fit);
    }
    return squareOf(await withRetries(() => dataset.image(index, requestFor(size, fit)), retry), size, fit);
  };
  return async index => {
    try {
      return await read(index);
    } catch (error) {
      // Anything but a broken picture or failing storage (no memory left, a fault in the source) must not pass for one.
      if ((SSLError.isInstance(error) && error.name === 'DataError') || isPassing(error)) return reasonOf(error);
      throw error;
    }
  };
}
