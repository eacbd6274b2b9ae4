/** Our side of `bench/loader.ts`. */
import { compile, rngFromKey, stepKey, type Tensor, tf, type ViewPlan } from '@ssl/core';
import {
  colorJitter,
  drawViews,
  gaussianBlur,
  grayscale,
  horizontalFlip,
  imageFolder,
  openLoader,
  randomResizedCrop,
  views,
} from '@ssl/core/data';
import { batchTensors } from '@ssl/core/train';
import type { LoaderRun, LoaderSetting } from '../loader.ts';
import { peakMb, rounded } from './summary.ts';

const SIZE = 224;
const STORED = 256;
/** Batches whose views are being drawn at once. */
const IN_FLIGHT = 2;

/** SimCLR's for ImageNet, as in `bench/torch/loader.py`. */
const plan = (): ViewPlan =>
  views([
    {
      count: 2,
      size: SIZE,
      ops: [
        randomResizedCrop({ scale: [0.08, 1] }),
        horizontalFlip({ p: 0.5 }),
        colorJitter({ brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2, p: 0.8 }),
        grayscale({ p: 0.2 }),
        gaussianBlur({ sigma: [0.1, 2], p: 0.5, kernelSize: 23 }),
      ],
    },
  ]);

export async function runLoader({
  source,
  folder,
  cacheFolder,
  batch,
  seconds,
  workers,
}: LoaderSetting): Promise<LoaderRun> {
  const cache = source === 'files' ? 'none' : 'disk';
  const loader = await openLoader(await imageFolder(folder), {
    ...{ size: STORED, batchSize: batch, workers, cache, cacheFolder, prefetch: 2 * IN_FLIGHT },
  });
  const drawn = plan();
  const draw = compile((images: Tensor, sizes: Tensor, key: Tensor) =>
    drawViews(drawn, images, { rng: rngFromKey(key), sizes, layout: 'fill' }),
  );
  let step = 0;
  const make = async (): Promise<void> => {
    const n = step++;
    const pictures = await loader.batch(Math.floor(n / loader.stepsPerEpoch), n % loader.stepsPerEpoch);
    const { images, sizes, indices } = batchTensors(pictures);
    pictures.release();
    const key = stepKey(0, n);
    tf.dispose([images, sizes, indices, key, await draw(images, sizes, key)]);
  };
  for (let i = 0; i < 3; i++) await make(); // compiles
  const start = performance.now();
  let made = 0;
  const keepMaking = async (): Promise<void> => {
    for (; performance.now() - start < 1000 * seconds; made += batch) await make();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, keepMaking));
  const images_per_s = rounded((1000 * made) / (performance.now() - start));
  await loader.close();
  return { images_per_s, peak_mb: peakMb() };
}
