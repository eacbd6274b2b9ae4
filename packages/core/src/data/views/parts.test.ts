import { expect, test } from 'vitest';
import { byteTensor } from '../../tensor/native.ts';
import { rngFromSeed } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { applyViews, drawParameters } from './draw.ts';
import { colorJitter } from './ops/color-jitter.ts';
import { grayscale } from './ops/grayscale.ts';
import { randomResizedCrop } from './ops/random-resized-crop.ts';
import { partSizes } from './parts.ts';
import { views } from './plan.ts';

test('parts are as even as can be, and one picture at least', () => {
  const MiB = 2 ** 20;
  expect(partSizes(32, 224 * 224 * 3 * 4)).toEqual([8, 8, 8, 8]);
  expect(partSizes(11, MiB)).toEqual([6, 5]);
  expect(partSizes(6, MiB)).toEqual([6]);
  expect(partSizes(2, 100 * MiB)).toEqual([1, 1]);
});

test.each(['bytes', 'floats'])(
  'each picture of a batch that is too large for one part has the view that it has alone: %s',
  type => {
    const [batch, size] = [5, 512]; // 3 MiB a picture
    expect(partSizes(batch, size * size * 3 * 4)).toEqual([2, 2, 1]);
    const shape = [batch, 16, 16, 3];
    const values = Uint8Array.from({ length: batch * 16 * 16 * 3 }, (_, i) => (i * 7919) % 251);
    const floats = tf.tensor(values, shape, 'float32');
    const images = type === 'bytes' ? byteTensor(values, shape) : floats;
    const ops = [randomResizedCrop(), colorJitter({ contrast: 0.8, hue: 0.2 }), grayscale()];
    const plan = views([{ count: 1, size, ops }]);
    const parameters = drawParameters(plan, images.shape, { rng: rngFromSeed(1) });
    const [together] = applyViews(plan, images, parameters) as [Tensor];
    expect(together.shape).toEqual([batch, size, size, 3]);
    for (let i = 0; i < batch; i++) {
      const own = (all: Tensor): Tensor => all.slice([i], [1]);
      const alone = parameters.map(view =>
        view.map(drawn => Object.fromEntries(Object.entries(drawn).map(([name, values]) => [name, own(values)]))),
      );
      const [view] = applyViews(plan, own(floats), alone) as [Tensor];
      expect(view.sub(own(together)).abs().max().dataSync()[0]).toBeLessThan(1e-6);
    }
  },
);
