import { compile, rngFromKey, stepKey, type Tensor, tf } from '@ssl/core';
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

const plan = views([
  {
    count: 2,
    size: 224,
    ops: [
      randomResizedCrop({ scale: [0.08, 1] }),
      horizontalFlip({ p: 0.5 }),
      colorJitter({ brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2, p: 0.8 }),
      grayscale({ p: 0.2 }),
      gaussianBlur({ sigma: [0.1, 2], p: 0.5, kernelSize: 23 }),
    ],
  },
]);
const loader = await openLoader(await imageFolder('/tmp/jpr'), {
  size: 256,
  batchSize: 32,
  workers: 2,
  cache: 'none',
  prefetch: 4,
});
const draw = compile((images: Tensor, sizes: Tensor, key: Tensor) =>
  drawViews(plan, images, { rng: rngFromKey(key), sizes, layout: 'fill' }),
);
let n = 0;
const get = () => {
  const m = n++;
  return loader.batch(Math.floor(m / loader.stepsPerEpoch), m % loader.stepsPerEpoch);
};
async function time(what: string, f: () => Promise<void>, par = 2, times = 20) {
  for (let i = 0; i < 3; i++) await f();
  const c = process.cpuUsage(),
    t = performance.now();
  let k = 0;
  await Promise.all(
    Array.from({ length: par }, async () => {
      while (k < times) {
        k++;
        await f();
      }
    }),
  );
  const u = process.cpuUsage(c);
  console.log(
    what.padEnd(14),
    ((u.user + u.system) / 1000 / times / 32).toFixed(2),
    `cpu ms (user ${(u.user / 1000 / times / 32).toFixed(2)})`,
    ((performance.now() - t) / times / 32).toFixed(2),
    'wall ms a picture',
  );
}
await time('loader', async () => {
  await get();
});
await time('+tensors', async () => {
  const { images, sizes, indices } = batchTensors(await get());
  tf.dispose([images, sizes, indices]);
});
const b = await get();
await time('views', async () => {
  const { images, sizes, indices } = batchTensors(b);
  const key = stepKey(0, n);
  tf.dispose([images, sizes, indices, key, await draw(images, sizes, key)]);
});
await time(
  'all',
  async () => {
    const { images, sizes, indices } = batchTensors(await get());
    const key = stepKey(0, n);
    tf.dispose([images, sizes, indices, key, await draw(images, sizes, key)]);
  },
  2,
  40,
);
await loader.close();
