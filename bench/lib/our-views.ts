/** Our side of `bench/views.ts`. On its own, so that whoever only starts processes does not load the engine. */
import { byteTensor, compile, rngFromKey, stepKey, type Tensor, tf, type ViewPlan } from '@ssl/core';
import {
  colorJitter,
  drawViews,
  gaussianBlur,
  grayscale,
  horizontalFlip,
  randomResizedCrop,
  views,
} from '@ssl/core/data';
import { peakMb } from './summary.ts';

/** Views of one kind: how many of a picture, their size, the area of the crops, and whether they are blurred. */
export interface ViewsOfAKind {
  readonly count: number;
  readonly size: number;
  readonly scale: readonly [number, number];
  readonly blur: boolean;
}

export interface ViewsSetting {
  /** Height and width of the decoded pictures. */
  readonly source: number;
  /** Pictures. */
  readonly batch: number;
  readonly views: readonly ViewsOfAKind[];
  /** Batches being drawn at once: 2 draw the next one while this one is used. */
  readonly inFlight: number;
}

/** What a process prints. */
export interface ViewsRun {
  readonly views_per_s: number;
  readonly cpu_ms_per_view: number;
  readonly ms_per_batch: number;
  readonly peak_mb: number;
}

/** SimCLR's views with jitter of strength 1, as in `bench/torch/views.py`. */
function plan(kinds: readonly ViewsOfAKind[]): ViewPlan {
  return views(
    kinds.map(({ count, size, scale, blur }) => ({
      count,
      size,
      ops: [
        randomResizedCrop({ scale }),
        horizontalFlip({ p: 0.5 }),
        colorJitter({ brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2, p: 0.8 }),
        grayscale({ p: 0.2 }),
        ...(blur ? [gaussianBlur({ sigma: [0.1, 2], p: 0.5, kernelSize: Math.floor(size / 20) * 2 + 1 })] : []),
      ],
    })),
  );
}

/** Draws batches until the time is over: the move of each into the library, all parameters, and the views. */
export async function runViews(setting: ViewsSetting, seconds: number): Promise<ViewsRun> {
  const { source, batch, inFlight } = setting;
  const shape = [batch, source, source, 3];
  const length = batch * source * source * 3;
  const batches = [0, 1].map(n => Uint8Array.from({ length }, (_, i) => (i * 7919 + n) % 251));
  const drawn = plan(setting.views);
  const step = compile((images: Tensor, key: Tensor) => drawViews(drawn, images, { rng: rngFromKey(key) }));
  const make = async (i: number): Promise<void> => {
    const [images, key] = [byteTensor(batches[i % 2]!, shape), stepKey(0, i)];
    tf.dispose([images, key, await step(images, key)]);
  };
  for (let i = 0; i < 3; i++) await make(i); // compiles
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  let made = 0;
  let next = 3;
  const keepDrawing = async (): Promise<void> => {
    for (; performance.now() - start < 1000 * seconds; made++) await make(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, keepDrawing));
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const count = made * batch * setting.views.reduce((sum, kind) => sum + kind.count, 0);
  return {
    views_per_s: (1000 * count) / ms,
    cpu_ms_per_view: (user + system) / 1000 / count,
    ms_per_batch: ms / made,
    peak_mb: peakMb(),
  };
}
