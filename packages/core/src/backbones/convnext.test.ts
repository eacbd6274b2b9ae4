import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { loadWeights } from '../io/index.ts';
import { torchShape } from '../io/layout.ts';
import { disposeMembers, parametersOf, stateOf } from '../nn/module.ts';
import { compile } from '../tensor/compile.ts';
import { inContext } from '../tensor/context.ts';
import { valueAndGradients } from '../tensor/gradients.ts';
import { rngFromKey, stepKey } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { type FixtureTensor, readFixture, relativeError } from '../testing/index.ts';
import { fillByFormula, pictureByFormula } from '../testing/weight-formula.ts';
import type { Backbone } from './backbone.ts';
import { type ConvNextOptions, convNext } from './convnext.ts';
import { backbone } from './registry.ts';

interface Case {
  readonly name: string;
  readonly convMlp: boolean;
  readonly options: ConvNextOptions;
  readonly height: number;
  readonly width: number;
  readonly features: FixtureTensor;
  readonly stages: readonly { readonly shape: readonly number[]; readonly mean: number; readonly std: number }[];
  readonly gradients: Readonly<Record<string, FixtureTensor>>;
}

interface Fixture {
  readonly shape: { readonly depths: number[]; readonly dims: number[] };
  readonly cases: Case[];
  readonly full: { readonly model: 'convnext_atto'; readonly size: number; readonly features: FixtureTensor }[];
}

const fixture = readFixture<Fixture>(import.meta.url, 'convnext.json');
const made: Backbone[] = [];
afterEach(() => {
  for (const net of made.splice(0)) disposeMembers(net.members);
});

function kept(net: Backbone): Backbone {
  made.push(net);
  return net;
}

function weighed(features: Tensor): Tensor {
  const weights = Float32Array.from({ length: features.size }, (_, i) => Math.sin(1 + 3 * i));
  return features.mul(tf.tensor(weights, features.shape)).sum();
}

describe("timm's ConvNeXt", () => {
  it.each(fixture.cases)('$name: stages, features, gradients', ({ convMlp, options, height, width, ...expected }) => {
    const net = kept(convNext('tiny', { ...fixture.shape, convMlp }, options));
    fillByFormula(net.members);
    const variables = parametersOf(net.members);
    tf.tidy(() => {
      const images = pictureByFormula(2, height, width);
      expect(relativeError(net(images), expected.features)).toBeLessThan(1e-5);
      const stages = Object.entries(net.stages(images)).filter(([name]) => name !== 'stem');
      for (const [i, [, map]] of stages.entries()) {
        const { shape, mean, std } = expected.stages[i]!;
        expect(map.shape).toEqual(shape);
        const found = tf.moments(map);
        expect(Math.abs(found.mean.dataSync()[0]! - mean)).toBeLessThan(1e-5 * (Math.abs(mean) + std));
        expect(Math.sqrt(found.variance.dataSync()[0]!)).toBeCloseTo(std, 4);
      }
      const { gradients } = valueAndGradients(() => weighed(net(images)), variables);
      for (const [name, gradient] of Object.entries(expected.gradients)) {
        const ours = gradients[variables.findIndex(variable => variable.name === name)]!;
        const shaped = ours.reshape([...gradient.shape]); // a 1×1 convolution has two axes more
        expect(relativeError(shaped, gradient), name).toBeLessThan(1e-5);
      }
    });
  });

  it('loads from a file', async () => {
    const net = kept(convNext('tiny', fixture.shape));
    await loadWeights(fileURLToPath(new URL('__fixtures__/tiny-convnext.safetensors', import.meta.url)), net.members);
    const { features, height, width } = fixture.cases[0]!;
    expect(relativeError(net(pictureByFormula(2, height, width)), features)).toBeLessThan(1e-5);
  });

  it.each(fixture.full)('$model, $size pixels', ({ model, size, features }) => {
    const net = kept(backbone(model));
    fillByFormula(net.members);
    const found = tf.tidy(() => net(pictureByFormula(2, size, size)).slice([0, 0], [2, 64]));
    expect(relativeError(found, features)).toBeLessThan(1e-4);
  });

  const names = readFixture<Record<string, Record<string, string>>>(import.meta.url, 'convnext-names.json');
  const quick = ['convnext_atto', 'convnext_femto', 'convnext_pico', 'convnext_nano', 'convnext_tiny'] as const;
  it.each(quick)('%s has the names and shapes of the state dict', model => {
    const shapes = [...stateOf(kept(backbone(model)).members)].map(([name, variable]) => [
      name,
      torchShape(variable).join('x'),
    ]);
    expect(Object.fromEntries(shapes)).toEqual(names[model]);
  });
});

describe('ConvNeXt', () => {
  it('trains to the same bits with recomputed blocks, paths dropped', async () => {
    const results: number[][] = [];
    for (const gradCheckpointing of [false, true]) {
      const net = kept(convNext('tiny', fixture.shape, { dropPath: 0.5, layerScale: 1, gradCheckpointing }));
      const trained = parametersOf(net.members);
      const step = compile((x: Tensor, key: Tensor) =>
        inContext({ training: true, rng: rngFromKey(key) }, () => {
          const { value, gradients } = valueAndGradients(() => net(x).square().mean(), trained);
          return [value, ...gradients];
        }),
      );
      const found = [
        await step(pictureByFormula(3, 32, 32), stepKey(0, 0)),
        await step(pictureByFormula(3, 32, 32), stepKey(0, 1)),
      ];
      results.push(found.flat().flatMap(tensor => [...tensor.dataSync()]));
      step.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('has twins, which leave nothing out', () => {
    const net = kept(convNext('tiny', fixture.shape, { patchSize: 1, seed: 4, dropPath: 0.9, layerScale: 1 }));
    const twin = kept(net.twin());
    const images = pictureByFormula(2, 16, 16);
    const training = (x: typeof net) =>
      inContext({ training: true, rng: rngFromKey(stepKey(0, 0)) }, () => [...x(images).dataSync()]);
    expect(training(twin)).toEqual([...net(images).dataSync()]);
    expect(training(net)).not.toEqual(training(twin));
    expect([twin.name, ...twin(images).dataSync()]).toEqual(['tiny.patch1', ...net(images).dataSync()]);
  });

  it.each<[ConvNextOptions, RegExp]>([
    [{ patchSize: 0 }, /patchSize must be a whole number of at least 1; got 0/],
    [{ dropPath: -1 }, /dropPath must be in \[0, 1\); got -1/],
    [{ layerScale: Number.NaN }, /layerScale must be a number; got NaN/],
  ])('refuses %o', (options, message) => {
    expect(() => convNext('tiny', fixture.shape, options)).toThrow(message);
  });

  it('refuses pictures that it would shrink to nothing', () => {
    const net = kept(convNext('tiny', fixture.shape));
    expect(() => net(tf.zeros([1, 16, 64, 3]))).toThrow(/sides of at least 32; got \[1,16,64,3\]/);
    expect(() => net(tf.zeros([1, 32, 32, 1]))).toThrow(/images must be \[B, H, W, 3\]/);
  });
});
