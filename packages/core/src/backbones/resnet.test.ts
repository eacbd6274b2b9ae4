import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { loadWeights, openSafetensors, saveWeights } from '../io/index.ts';
import { torchShape } from '../io/layout.ts';
import { disposeMembers, parametersOf, stateOf } from '../nn/module.ts';
import { compile } from '../tensor/compile.ts';
import { inContext } from '../tensor/context.ts';
import { valueAndGradients } from '../tensor/gradients.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { type FixtureTensor, fixtureTensor, readFixture, relativeError } from '../testing/index.ts';
import { fillByFormula, pictureByFormula } from '../testing/weight-formula.ts';
import type { Backbone } from './backbone.ts';
import { backbone } from './registry.ts';
import { type ResNetShape, resnet } from './resnet.ts';

const folder = mkdtempSync(join(tmpdir(), 'ssl-resnet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Tiny {
  readonly config: {
    block: 'BasicBlock' | 'Bottleneck';
    layers: number[];
    width: number;
    cardinality?: number;
    base_width?: number;
  };
  readonly input: FixtureTensor;
  readonly features: Readonly<Record<'stem' | 'layer1' | 'layer2' | 'layer3' | 'layer4' | 'pooled', FixtureTensor>>;
  readonly train: { readonly pooled: FixtureTensor; readonly buffersAfter: Readonly<Record<string, FixtureTensor>> };
}

function tinyNetwork({ config }: Tiny): Backbone {
  const { block, layers, width, cardinality, base_width } = config;
  const shape: ResNetShape = {
    block: block === 'BasicBlock' ? 'basic' : 'bottleneck',
    layers,
    channels: [width, 2 * width, 4 * width, 8 * width],
    ...(cardinality && { groups: cardinality }),
    ...(base_width && { baseWidth: base_width }),
  };
  return resnet('tiny', shape, {});
}

const isHead = (name: string): boolean => name.startsWith('fc.');
const withoutHead = (name: string): string | undefined => (isHead(name) ? undefined : name);

describe.each(['tiny-basic', 'tiny-bottleneck', 'tiny-grouped'])('weights saved by timm: %s', name => {
  const fixture = readFixture<Tiny>(import.meta.url, `${name}.json`);
  const file = fileURLToPath(new URL(`__fixtures__/${name}.safetensors`, import.meta.url));

  it('give the same features at every stage', async () => {
    const net = tinyNetwork(fixture);
    await loadWeights(file, net.members, { rename: withoutHead });
    tf.tidy(() => {
      const x = fixtureTensor(fixture.input);
      const { act1, ...stages } = net.stages(x);
      expect(relativeError(act1!, fixture.features.stem)).toBeLessThan(1e-5);
      for (const [stage, map] of Object.entries(stages)) {
        expect(relativeError(map, fixture.features[stage as 'layer1']), stage).toBeLessThan(1e-5);
      }
      expect(relativeError(net(x), fixture.features.pooled)).toBeLessThan(1e-5);
    });
    disposeMembers(net.members);
  });

  it('train as there: features and running statistics after a step', async () => {
    const net = tinyNetwork(fixture);
    await loadWeights(file, net.members, { rename: withoutHead });
    tf.tidy(() => {
      const features = inContext({ training: true }, () => net(fixtureTensor(fixture.input)));
      expect(relativeError(features, fixture.train.pooled)).toBeLessThan(1e-4);
      const state = stateOf(net.members);
      for (const [buffer, after] of Object.entries(fixture.train.buffersAfter)) {
        const variable = state.get(buffer);
        if (variable) expect(relativeError(variable.read(), after), buffer).toBeLessThan(1e-4);
      }
    });
    disposeMembers(net.members);
  });

  it('come back from our file bit for bit, under the same names', async () => {
    const net = tinyNetwork(fixture);
    await loadWeights(file, net.members, { rename: withoutHead });
    const copy = join(folder, `${name}.safetensors`);
    await saveWeights(copy, net.members);
    const [theirs, ours] = [await openSafetensors(file), await openSafetensors(copy)];
    expect([...ours.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].filter(key => !isHead(key)).sort());
    for (const key of ours.tensors.keys()) expect(await ours.read(key)).toEqual(await theirs.read(key));
    await theirs.close();
    await ours.close();
    disposeMembers(net.members);
  });
});

interface FullCase {
  readonly model: string;
  readonly stem: 'imagenet' | 'cifar';
  readonly mode: 'eval' | 'train';
  readonly batch: number;
  readonly size: number;
  readonly pooledFirst64: FixtureTensor;
  readonly stages: Readonly<Record<string, { shape: number[]; mean: number; std: number }>>;
}

describe('full-size networks against timm and torchvision', () => {
  // The deep and wide ones take minutes and add no code of their own; SSL_TEST_FULL=1 runs them too.
  const { cases } = readFixture<{ cases: FullCase[] }>(import.meta.url, 'full-size.json');
  const QUICK = ['resnet18', 'resnet50', 'resnext50_32x4d'];
  const tried = cases.filter(
    ({ size, model }) => process.env.SSL_TEST_FULL === '1' || (size < 224 && QUICK.includes(model)),
  );

  it.each(tried)(
    '$model, $stem stem, $size pixels, $mode',
    ({ model, stem, mode, batch, size, pooledFirst64, stages }) => {
      const net = backbone(model, { stem });
      fillByFormula(net.members);
      tf.tidy(() => {
        const x = pictureByFormula(batch, size, size);
        const features = inContext({ training: mode === 'train' }, () => net(x));
        expect(relativeError(features.slice([0, 0], [batch, 64]), pooledFirst64)).toBeLessThan(1e-4);
        if (mode === 'train') return;
        for (const [name, map] of Object.entries(net.stages(x))) {
          const expected = stages[name === 'act1' ? 'stem' : name]!;
          expect(map.shape).toEqual(expected.shape);
          expect(Math.abs(mean(map) - expected.mean), name).toBeLessThan(
            1e-4 * (Math.abs(expected.mean) + expected.std),
          );
        }
      });
      disposeMembers(net.members);
    },
  );

  const names = readFixture<Record<string, Record<string, string>>>(import.meta.url, 'names.json');
  it.each(Object.keys(names).filter(key => key !== 'source' && key !== 'resnet152'))(
    '%s has the names and shapes of the state dict',
    model => {
      const net = backbone(model);
      const ours = [...stateOf(net.members)].map(([name, variable]) => [name, torchShape(variable).join('x')]);
      const theirs = Object.entries(names[model]!).filter(
        ([name]) => !isHead(name) && !name.endsWith('num_batches_tracked'),
      );
      expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs));
      disposeMembers(net.members);
    },
  );
});

describe('options', () => {
  it('multiply the width and change the channels taken', () => {
    const net = backbone('resnet18', { widthMultiplier: 2, inChannels: 1, stem: 'cifar' });
    expect([net.name, net.outDim, net.inChannels]).toEqual(['resnet18.cifar.x2', 1024, 1]);
    expect(tf.tidy(() => net(tf.zeros([2, 8, 8, 1])).shape)).toEqual([2, 1024]);
    disposeMembers(net.members);
  });

  it('start every block as the identity', () => {
    const last = (zeroInitLast: boolean): number => {
      const net = backbone('resnet18', { stem: 'cifar', zeroInitLast });
      const scale = stateOf(net.members).get('layer1.0.bn2.weight')!.values()[0]!;
      disposeMembers(net.members);
      return scale;
    };
    expect([last(true), last(false)]).toEqual([0, 1]);
  });

  it('draw the same weights from the same seed, others from another', () => {
    const first = (seed: number): number => {
      const net = backbone('resnet18', { seed });
      const value = stateOf(net.members).get('layer4.1.conv2.weight')!.values()[5]!;
      disposeMembers(net.members);
      return value;
    };
    expect(first(3)).toBe(first(3));
    expect(first(3)).not.toBe(first(4));
  });

  it('recompute the blocks, and train to the same bits, in a twin too', async () => {
    const shape = { block: 'bottleneck', layers: [1, 2], channels: [4, 8] } as const;
    const trainedOf = async (net: Backbone): Promise<number[][]> => {
      const trained = parametersOf(net.members);
      const step = compile((x: Tensor) =>
        inContext({ training: true }, () => {
          const { value, gradients } = valueAndGradients(() => net(x).square().mean(), trained);
          for (const [i, variable] of trained.entries()) variable.assign(variable.read().sub(gradients[i]!));
          return value;
        }),
      );
      for (let n = 0; n < 2; n++) await step(normal(rngFromSeed(n), [3, 16, 16, 3]));
      step.dispose();
      return [...stateOf(net.members).values()].map(variable => [...variable.values()]);
    };
    const plain = resnet('small', shape, { stem: 'cifar' });
    const net = resnet('small', shape, { stem: 'cifar', gradCheckpointing: true });
    const twin = net.twin();
    expect([net.name, ...stateOf(net.members).keys()]).toEqual([plain.name, ...stateOf(plain.members).keys()]);
    const expected = await trainedOf(plain);
    expect(await trainedOf(net)).toEqual(expected);
    expect(await trainedOf(twin)).toEqual(expected);
  });

  it('name the nearest known backbone', () => {
    expect(() => backbone('resnet81')).toThrow(/must be one of .*got 'resnet81'; did you mean 'resnet18'\?/);
    expect(() => backbone('resnet18', { widthMultiplier: 0.3 })).toThrow(/whole number of channels/);
  });
});

function mean(map: Tensor): number {
  return map.mean().dataSync()[0]!;
}
