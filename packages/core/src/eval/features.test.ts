import { describe, expect, it } from 'vitest';
import { ConfigError, DataError, ShapeError } from '../errors.ts';
import { stepContext } from '../tensor/context.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { liveTensors, Variable } from '../tensor/variable.ts';
import { extractFeatures, featureExtractor, stageEmbedding } from './features.ts';
import type { PixelRows } from './pixel-rows.ts';

function pictures(count: number, size = 2, channels = 3, first = 0): PixelRows {
  const bytes = size * size * channels;
  return {
    data: Uint8Array.from({ length: count * bytes }, (_, i) => (first * bytes + i * 7) % 256),
    count,
    size,
    channels,
  };
}

const flat = (images: Tensor): Tensor => images.reshape([images.shape[0]!, -1]);
const scaled = ({ data }: PixelRows): Float32Array => Float32Array.from(data, byte => Math.fround(byte / 255));

describe('extractFeatures', () => {
  it.each([1, 3, 10, 64])('gives the features of every picture in order, batch size %i', async batchSize => {
    const images = pictures(10);
    const { features, dim } = await extractFeatures({ embed: flat, images, batchSize });
    expect(dim).toBe(12);
    expect(features).toEqual(scaled(images));
  });

  it('takes blocks of any size, in memory or arriving', async () => {
    const images = pictures(11);
    const bytes = 12;
    const cuts = [0, 1, 5, 5, 11];
    const blocks = cuts.slice(1).map((end, i) => ({
      ...images,
      count: end - cuts[i]!,
      data: images.data.subarray(cuts[i]! * bytes, end * bytes),
    }));
    async function* arriving(): AsyncGenerator<PixelRows> {
      yield* blocks;
    }
    for (const source of [blocks, arriving()]) {
      const { features } = await extractFeatures({ embed: flat, images: source, batchSize: 4 });
      expect(features).toEqual(scaled(images));
    }
  });

  it('prepares, embeds in evaluation mode, and tells how far it is', async () => {
    const modes: boolean[] = [];
    const progress: [number, number | undefined][] = [];
    const images = pictures(5);
    const { features } = await extractFeatures({
      prepare: x => x.sub(0.5).mul(2),
      embed: x => {
        modes.push(stepContext().training);
        return flat(x);
      },
      images,
      batchSize: 2,
      onProgress: (done, total) => progress.push([done, total]),
    });
    expect(modes).toEqual([false]); // one graph
    expect(features[1]).toBeCloseTo((7 / 255 - 0.5) * 2, 6);
    expect(progress).toEqual([
      [2, 5],
      [4, 5],
      [5, 5],
    ]);
  });

  it('reads the weights anew at each call, and keeps nothing', async () => {
    const weight = new Variable(tf.scalar(1));
    const extract = featureExtractor({ embed: x => flat(x).mul(weight.read()), batchSize: 4 });
    const images = pictures(9);
    const first = await extract(images);
    const before = [liveTensors(), tf.memory().numTensors];
    weight.load(Float32Array.of(2));
    const second = await extract(images);
    expect(second.features).toEqual(first.features.map(value => 2 * value));
    expect([liveTensors(), tf.memory().numTensors]).toEqual(before);
    extract.dispose();
    weight.dispose();
  });

  it('refuses what it cannot use', async () => {
    const images = pictures(4);
    const cases = [
      [{ embed: flat, images, batchSize: 0 }, ConfigError, 'batchSize must be a positive whole number; got 0'],
      [{ embed: (x: Tensor) => x, images }, ShapeError, '[B, D]; got [4,2,2,3]'],
      [{ embed: flat, images: [] }, DataError, 'got none'],
      [{ embed: flat, images: [images, pictures(2, 3)] }, DataError, 'got 3 x 3 x 3 after 2 x 2 x 3'],
      [{ embed: flat, images: { ...images, count: 5 } }, DataError, '5 pictures must have 60 values; got 48'],
    ] as const;
    for (const [options, kind, message] of cases) {
      const error = await extractFeatures(options).catch(e => e);
      expect(error).toBeInstanceOf(kind);
      expect(error.message).toContain(message);
    }
  });
});

describe('stageEmbedding', () => {
  const backbone = { name: 'toy', stages: (x: Tensor) => ({ act1: x, layer1: x.mul(2) }) };

  it('averages the feature maps of a stage', async () => {
    const images = pictures(3);
    const { features, dim } = await extractFeatures({ embed: stageEmbedding(backbone, 'layer1'), images });
    expect(dim).toBe(3);
    const mean = [0, 3, 6, 9].reduce((sum, i) => sum + images.data[i]!, 0) / 4 / 255;
    expect(features[0]).toBeCloseTo(2 * mean, 5);
  });

  it('names the stages there are, and the nearest', async () => {
    const embed = stageEmbedding(backbone, 'layer_1');
    const error = await extractFeatures({ embed, images: pictures(1) }).catch(e => e);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toBe(
      "stageEmbedding: toy has the stages act1, layer1; got 'layer_1'; did you mean 'layer1'?",
    );
  });
});
