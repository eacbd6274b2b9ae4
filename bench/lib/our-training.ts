/** Our side of `bench/end-to-end.ts`. On its own, so that whoever only starts processes does not load the engine. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Method, resnet } from '@ssl/core';
import { arrayDataset, type Dataset } from '@ssl/core/data';
import { probeEngine } from '@ssl/core/engine';
import { InterruptedError, type ProgressEvent, pretrain } from '@ssl/core/train';
import { simclr, simclrViews } from '@ssl/simclr';
import { peakMb, rounded } from './summary.ts';

export interface TrainingSetting {
  /** Pictures in memory. */
  readonly count: number;
  readonly size: number;
  readonly batch: number;
  /** Channels of the first of four stages; they double from stage to stage. */
  readonly width: number;
  readonly stem: 'cifar' | 'imagenet';
  /** Steps that are not counted. */
  readonly warmup: number;
  readonly seconds: number;
}

/** What a process prints, ours and PyTorch's. */
export interface TrainingRun {
  readonly images_per_s: number;
  readonly batches: number;
  readonly ms_per_step: number;
  readonly peak_mb: number;
  readonly largest_worker_mb?: number;
  readonly engine?: string;
  readonly torch?: string;
}

function method({ size, width, stem, batch }: TrainingSetting): Method {
  const channels = [1, 2, 4, 8].map(factor => factor * width);
  const shape = { block: 'basic', layers: [1, 1, 1, 1], channels } as const;
  return simclr({
    backbone: resnet('narrow', shape, { stem, zeroInitLast: false }),
    // lightly's SimCLRTransform with neither flip nor blur
    views: simclrViews({ size, strength: 1, flip: false, blur: false }),
    recipe: {
      optimizer: 'sgd',
      learningRate: 0.03,
      scaling: 'none',
      weightDecay: 1e-4,
      warmupEpochs: 0,
      epochs: 100_000, // the clock ends it
      batchSize: batch,
    },
  });
}

function noise({ count, size }: TrainingSetting): Dataset {
  const data = Uint8Array.from({ length: count * size * size * 3 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
  return arrayDataset({ name: 'noise', data, width: size, height: size, channels: 3 });
}

/** Trains as a user would, by `pretrain` with everything that it does between steps, until the time is over. */
export async function runTraining(setting: TrainingSetting): Promise<TrainingRun> {
  const { batch, warmup, seconds } = setting;
  const out = await mkdtemp(join(tmpdir(), 'ssl-bench-'));
  const stop = new AbortController();
  let [start, last, batches] = [0, 0, 0];
  const onProgress = (event: ProgressEvent): void => {
    if (event.phase !== 'train') return;
    last = performance.now();
    if (event.done <= warmup) start = last;
    else batches++;
    if (batches > 0 && last - start >= 1000 * seconds) stop.abort();
  };
  const options = { checkpointEvery: Number.MAX_SAFE_INTEGER, signal: stop.signal, onProgress }; // the twin keeps none either
  try {
    await pretrain({ method: method(setting), data: noise(setting), out, ...options });
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
  } finally {
    await rm(out, { recursive: true });
  }
  const ms_per_step = (last - start) / batches;
  const peak_mb = peakMb();
  const images_per_s = rounded((1000 * batch) / ms_per_step);
  return { images_per_s, batches, ms_per_step: rounded(ms_per_step), peak_mb, engine: probeEngine().version };
}
