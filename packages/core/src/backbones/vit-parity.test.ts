import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { loadWeights, openSafetensors, saveWeights } from '../io/index.ts';
import { torchShape } from '../io/layout.ts';
import { disposeMembers, parametersOf, stateOf } from '../nn/module.ts';
import { gradientsWhereUsed } from '../tensor/gradients.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { type FixtureTensor, fixtureTensor, readFixture, relativeError } from '../testing/index.ts';
import { fillByFormula, pictureByFormula } from '../testing/weight-formula.ts';
import { backbone } from './registry.ts';
import { type VisionTransformer, visionTransformer } from './vit.ts';
import type { VitOptions, VitShape } from './vit-options.ts';

interface Case {
  readonly name: string;
  readonly options: VitOptions;
  readonly height: number;
  readonly width: number;
  readonly features: FixtureTensor;
  /** The last three of the first image. */
  readonly tokens: FixtureTensor;
  /** The first two queries of each head in block 1. */
  readonly attention: FixtureTensor;
  readonly gradients: Readonly<Record<string, FixtureTensor>>;
}

interface Fixture {
  readonly shape: VitShape;
  readonly cases: Case[];
  readonly masked: { readonly options: VitOptions; readonly keep: FixtureTensor; readonly tokens: FixtureTensor };
}

const fixture = readFixture<Fixture>(import.meta.url, 'vit.json');
const file = fileURLToPath(new URL('__fixtures__/tiny-vit.safetensors', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ssl-vit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const made: VisionTransformer[] = [];
afterEach(() => {
  for (const net of made.splice(0)) disposeMembers(net.members);
});

function network(options: VitOptions): VisionTransformer {
  const net = visionTransformer('tiny', fixture.shape, options);
  made.push(net);
  fillByFormula(net.members);
  return net;
}

/** Σ features ∘ sin(1 + 3i), which the fixture's gradients are of. */
function weighed(features: Tensor): Tensor {
  const weights = Float32Array.from({ length: features.size }, (_, i) => Math.sin(1 + 3 * i));
  return features.mul(tf.tensor(weights, features.shape)).sum();
}

describe("timm's vision transformer", () => {
  it.each(fixture.cases)('$name: features, tokens, attention, gradients', expected => {
    const net = network(expected.options);
    const variables = parametersOf(net.members);
    tf.tidy(() => {
      const images = pictureByFormula(2, expected.height, expected.width);
      expect(relativeError(net(images), expected.features)).toBeLessThan(1e-5);
      const tokens = net.tokens(images);
      const last = tokens.slice([0, tokens.shape[1]! - 3, 0], [1, 3, -1]);
      expect(relativeError(last, expected.tokens)).toBeLessThan(1e-5);
      const attention = net.attentionMaps(images, { block: 1 }).slice([0, 0, 0, 0], [-1, -1, 2, -1]);
      expect(relativeError(attention, expected.attention)).toBeLessThan(1e-5);
      const { gradients } = gradientsWhereUsed(() => weighed(net(images)), variables);
      for (const [name, gradient] of Object.entries(expected.gradients)) {
        const ours = gradients[variables.findIndex(variable => variable.name === name)]!;
        expect(relativeError(ours, gradient), name).toBeLessThan(1e-5);
      }
    });
  });

  it('sees the patches that are kept and no others', () => {
    const { options, keep, tokens } = fixture.masked;
    const found = network(options).tokens(pictureByFormula(2, 32, 32), { keep: fixtureTensor(keep).cast('int32') });
    expect(relativeError(found, tokens)).toBeLessThan(1e-5);
  });

  it('loads from a file and comes back bit for bit, under the same names', async () => {
    const net = visionTransformer('tiny', fixture.shape);
    made.push(net);
    await loadWeights(file, net.members);
    expect(relativeError(net(pictureByFormula(2, 32, 32)), fixture.cases[0]!.features)).toBeLessThan(1e-5);
    const copy = join(folder, 'copy.safetensors');
    await saveWeights(copy, net.members);
    const [theirs, ours] = [await openSafetensors(file), await openSafetensors(copy)];
    expect([...ours.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
    for (const key of ours.tensors.keys()) expect(await ours.read(key)).toEqual(await theirs.read(key));
    await theirs.close();
    await ours.close();
  });
});

describe('full-size networks', () => {
  interface Full {
    readonly model: 'vit_tiny_patch16_224';
    readonly size: number;
    readonly features: FixtureTensor;
  }
  const { cases } = readFixture<{ cases: Full[] }>(import.meta.url, 'vit-full-size.json');
  // The larger ones add no code of their own; SSL_TEST_FULL=1 runs them too.
  const tried = cases.filter(({ model }) => process.env.SSL_TEST_FULL === '1' || model === 'vit_tiny_patch16_224');
  it.each(tried)('$model, $size pixels', ({ model, size, features }) => {
    const net = backbone(model);
    made.push(net);
    fillByFormula(net.members);
    const found = tf.tidy(() => net(pictureByFormula(2, size, size)).slice([0, 0], [2, 64]));
    expect(relativeError(found, features)).toBeLessThan(1e-4);
  });

  const names = readFixture<Record<string, Record<string, string>>>(import.meta.url, 'vit-names.json');
  const quick = ['vit_tiny_patch16_224', 'vit_small_patch8_224', 'vit_base_patch32_384'] as const;
  const large = ['vit_large_patch14_224', 'vit_huge_patch14_224'] as const;
  it.each([...quick, ...(process.env.SSL_TEST_FULL === '1' ? large : [])])(
    '%s has the names and shapes of the state dict',
    model => {
      const net = backbone(model);
      made.push(net);
      expect(shapesOf(net)).toEqual(names[model]);
    },
  );
});

function shapesOf({ members }: VisionTransformer): Record<string, string> {
  const shapes = [...stateOf(members)].map(([name, variable]) => [name, torchShape(variable).join('x')]);
  return Object.fromEntries(shapes) as Record<string, string>;
}
