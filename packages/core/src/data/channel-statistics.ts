import { availableParallelism } from 'node:os';
import { ConfigError, DataError, SSLError } from '../errors.ts';
import type { Dataset, SkippedImage } from './dataset.ts';
import type { ImageRequest } from './decode.ts';
import { type DecodedImage, reasonOf } from './decode.ts';
import { RESERVED_STREAMS } from './host-rng.ts';
import { describeSkipped } from './load-pixels.ts';
import { forEachLimited } from './parallel.ts';
import { permutation } from './sampler.ts';
import type { ChannelStatistics } from './views/statistics.ts';

export interface ChannelStatisticsOptions extends ImageRequest {
  /** Pictures to look at, drawn at random. Default: all. */
  readonly sample?: number;
  /** Of the draw. Default 0. */
  readonly seed?: number;
  /** Called after each picture, readable or not. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface MeasuredStatistics extends ChannelStatistics {
  /** Pictures that were measured. */
  readonly count: number;
  /** Pictures that were to be measured and could not be read. */
  readonly skipped: readonly SkippedImage[];
}

/** Pictures that are measured before their figures are added up, in the order of the data, so that nothing depends on who came first. */
const BLOCK = 256;

/**
 * Mean and standard deviation of every channel, on the scale 0 to 1, as `normalize` of a view takes them; of everything, or of a seeded
 * sample. A picture counts the same whatever its size, as in training, where each gives views of one size; for pictures of one size the
 * figures are those of NumPy over all pixels. With `shorterSide` pictures are reduced first, which is faster and makes the deviation
 * smaller, by what lies between neighbouring pixels. The figures do not depend on the machine's cores.
 *
 * On the command line: `ssl data stats`.
 * @throws ConfigError when `sample` is no positive whole number or `seed` out of range.
 * @throws DataError when no picture could be read.
 */
export async function channelStatistics(
  dataset: Dataset,
  options: ChannelStatisticsOptions = {},
): Promise<MeasuredStatistics> {
  const { shorterSide, onProgress } = options;
  const indices = chosen(dataset, options);
  const sums = sumsOf(dataset.channels);
  const skipped: SkippedImage[] = [];
  let done = 0;
  for (let start = 0; start < indices.length; start += BLOCK) {
    const block = indices.subarray(start, start + BLOCK);
    const found = new Array<Moments | string>(block.length);
    await forEachLimited(block.length, Math.max(4, 2 * availableParallelism()), async i => {
      found[i] = await measured(dataset, block[i]!, shorterSide === undefined ? {} : { shorterSide });
      onProgress?.(++done, indices.length);
    });
    for (const [i, moments] of found.entries()) {
      if (typeof moments !== 'string') sums.add(moments);
      else skipped.push({ path: dataset.describe?.(block[i]!) ?? `picture ${block[i]}`, reason: moments });
    }
  }
  if (sums.count() > 0) return { ...sums.result(), count: sums.count(), skipped };
  throw new DataError(
    `channelStatistics: at least one picture must be readable; got none in ${dataset.name}; ${describeSkipped(skipped, indices.length)}`,
  );
}

function chosen({ size }: Dataset, { sample = size, seed = 0 }: ChannelStatisticsOptions): Uint32Array {
  if (!Number.isInteger(sample) || sample < 1) {
    throw new ConfigError(`channelStatistics: sample must be a positive whole number of pictures; got ${sample}`);
  }
  if (sample >= size) return Uint32Array.from({ length: size }, (_, i) => i);
  return permutation(size, seed, RESERVED_STREAMS.sample, 0).slice(0, sample).sort();
}

/** Of one picture, `[C]` each, on the scale 0 to 255. */
interface Moments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

async function measured(dataset: Dataset, index: number, request: ImageRequest): Promise<Moments | string> {
  try {
    return momentsOf(await dataset.image(index, request));
  } catch (error) {
    if (SSLError.isInstance(error) && error.name === 'DataError') return reasonOf(error);
    throw error; // no memory left, or a fault in the source
  }
}

/** In two passes: the sum of squares alone would lose the variance of a bright picture. */
function momentsOf({ data, channels }: DecodedImage): Moments {
  const pixels = data.length / channels;
  const mean = new Float64Array(channels);
  for (let i = 0; i < data.length; i += channels) for (let c = 0; c < channels; c++) mean[c]! += data[i + c]!;
  for (let c = 0; c < channels; c++) mean[c]! /= pixels;
  const variance = new Float64Array(channels);
  for (let i = 0; i < data.length; i += channels) {
    for (let c = 0; c < channels; c++) variance[c]! += (data[i + c]! - mean[c]!) ** 2;
  }
  for (let c = 0; c < channels; c++) variance[c]! /= pixels;
  return { mean, variance };
}

/** The variance of everything is the mean of the pictures' variances plus the variance of their means (Welford's way). */
function sumsOf(channels: number): {
  add: (moments: Moments) => void;
  count: () => number;
  result: () => ChannelStatistics;
} {
  const [mean, within, between] = [0, 1, 2].map(() => new Float64Array(channels)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let count = 0;
  return {
    add(moments) {
      count++;
      for (let c = 0; c < channels; c++) {
        const off = moments.mean[c]! - mean[c]!;
        mean[c]! += off / count;
        between[c]! += off * (moments.mean[c]! - mean[c]!);
        within[c]! += moments.variance[c]!;
      }
    },
    count: () => count,
    result: () => ({
      mean: Array.from(mean, value => value / 255),
      std: Array.from(within, (value, c) => Math.sqrt((value + between[c]!) / count) / 255),
    }),
  };
}
