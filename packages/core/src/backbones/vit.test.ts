import { afterEach, describe, expect, it } from 'vitest';
import { disposeMembers, parametersOf, stateOf } from '../nn/module.ts';
import { compile } from '../tensor/compile.ts';
import { inContext } from '../tensor/context.ts';
import { valueAndGradients } from '../tensor/gradients.ts';
import { normal, rngFromKey, rngFromSeed, stepKey } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { backbone } from './registry.ts';
import { type VisionTransformer, visionTransformer } from './vit.ts';
import type { VitOptions } from './vit-options.ts';

const SHAPE = { dim: 8, depth: 2, heads: 2, patchSize: 4, imgSize: 16 } as const;
const made: VisionTransformer[] = [];
afterEach(() => {
  for (const net of made.splice(0)) disposeMembers(net.members);
});

function small(options: VitOptions = {}): VisionTransformer {
  const net = visionTransformer('small', SHAPE, options);
  for (const variable of parametersOf(net.members)) {
    variable.assign(
      normal(rngFromSeed(variable.size), variable.shape, variable.name.endsWith('norm.weight') ? 1 : 0, 0.3),
    );
  }
  made.push(net);
  return net;
}

const pictures = (side = 16, count = 3): Tensor => normal(rngFromSeed(side), [count, side, side, 3]);
const gap = (a: Tensor, b: Tensor): number => tf.max(tf.abs(a.sub(b))).dataSync()[0]!;
const ids = (values: number[][]): Tensor => tf.tensor2d(values, undefined, 'int32');

describe('tokens', () => {
  it('of all patches in order are those without a mask', () => {
    const net = small({ registers: 2 });
    const keep = ids([0, 1, 2].map(() => [...Array(16).keys()]));
    expect(net.tokens(pictures()).shape).toEqual([3, 19, 8]);
    expect(gap(net.tokens(pictures(), { keep }), net.tokens(pictures()))).toBeLessThan(1e-6);
  });

  it('of some patches do not depend on the others', () => {
    const net = small();
    const keep = ids([
      [5, 2],
      [0, 15],
      [7, 8],
    ]);
    // [3, 16]: 1 where a patch is kept
    const seen = tf.oneHot(keep, 16).sum(1).cast('float32').reshape([3, 4, 1, 4, 1, 1]);
    const noise = normal(rngFromSeed(1), [3, 4, 4, 4, 4, 3]);
    const cut = pictures().reshape([3, 4, 4, 4, 4, 3]);
    const other = cut
      .mul(seen)
      .add(noise.mul(tf.scalar(1).sub(seen)))
      .reshape([3, 16, 16, 3]);
    const [a, b] = [net.tokens(pictures(), { keep }), net.tokens(other, { keep })];
    expect(a.shape).toEqual([3, 3, 8]);
    expect(gap(a, b)).toBe(0);
    expect(gap(net(pictures()), net(other))).toBeGreaterThan(1e-3);
  });

  it('give the features: of the class token, or the mean of the patches', () => {
    const token = small();
    expect(gap(token(pictures()), token.tokens(pictures()).slice([0, 0, 0], [3, 1, 8]).reshape([3, 8]))).toBeLessThan(
      1e-6,
    );
    const avg = small({ pool: 'avg', registers: 1 });
    expect(gap(avg(pictures()), avg.tokens(pictures()).slice([0, 2, 0], [3, 16, 8]).mean(1))).toBeLessThan(1e-6);
  });

  it('stop after a block, normalised or not', () => {
    const net = small({ classToken: false });
    const { patch_embed, 'blocks.0': first, 'blocks.1': last } = net.stages(pictures());
    expect(patch_embed!.shape).toEqual([3, 4, 4, 8]);
    const at = (block: number): Tensor => net.tokens(pictures(), { block, norm: false }).reshape([3, 4, 4, 8]);
    expect([gap(at(0), first!), gap(at(1), last!)]).toEqual([0, 0]);
    expect(() => net.tokens(pictures(), { block: 2 })).toThrow(/block must be a whole number from 0 to 1; got 2/);
  });
});

describe('pictures of another size', () => {
  it('go through the same network', () => {
    const net = small();
    expect(net(pictures(24)).shape).toEqual([3, 8]);
    expect(net.tokens(tf.zeros([1, 8, 20, 3])).shape).toEqual([1, 11, 8]);
  });
  it('must be whole patches', () => {
    expect(() => small()(pictures(18))).toThrow(/multiples of the patch size 4; got \[3,18,18,3\]/);
    expect(() => small()(tf.zeros([1, 16, 16, 1]))).toThrow(/images must be \[B, H, W, 3\]/);
  });
});

describe('training', () => {
  it('reaches every parameter, drops paths, and gives the same bits with recomputed blocks', async () => {
    const results: number[][] = [];
    for (const gradCheckpointing of [false, true]) {
      const net = small({ dropPath: 0.5, registers: 1, layerScale: 0.5, gradCheckpointing });
      const trained = parametersOf(net.members);
      const step = compile((x: Tensor, key: Tensor) =>
        inContext({ training: true, rng: rngFromKey(key) }, () => {
          const { value, gradients } = valueAndGradients(() => net(x).square().mean(), trained);
          return [value, ...gradients];
        }),
      );
      const twice = [await step(pictures(), stepKey(0, 0)), await step(pictures(), stepKey(0, 1))];
      expect(twice[0]![0]!.dataSync()[0]).not.toBe(twice[1]![0]!.dataSync()[0]);
      results.push(twice.flat().flatMap(tensor => [...tensor.dataSync()]));
      step.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('leaves fixed positions alone', () => {
    const net = small({ positions: 'fixed' });
    expect(parametersOf(net.members).some(({ name }) => name === 'pos_embed')).toBe(false);
    const codes = stateOf(net.members).get('pos_embed')!.values();
    expect([...codes.slice(0, 8)]).toEqual(Array(8).fill(0)); // the class token's
    expect([...codes.slice(8, 16)]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]); // the first patch's
  });
});

describe('attentionMaps', () => {
  it('are what each token takes from all', () => {
    const maps = small().attentionMaps(pictures(), { block: 0 });
    expect(maps.shape).toEqual([3, 2, 17, 17]);
    for (const sum of maps.sum(-1).dataSync()) expect(sum).toBeCloseTo(1, 5);
    const one = small().attentionMaps(pictures(), { block: 0, query: 3 });
    expect(gap(one, maps.slice([0, 0, 3, 0], [3, 2, 1, 17]).reshape([3, 2, 17]))).toBeLessThan(1e-6);
    expect(() => small().attentionMaps(pictures(), { query: 17 })).toThrow(/one of 17 tokens, from 0; got 17/);
  });
});

describe('options', () => {
  it('are in the name where they change the network, and a twin has them', () => {
    const net = backbone('vit_mini_patch4_32', { imgSize: 16, classToken: false, registers: 2 });
    made.push(net);
    expect(net.name).toBe('vit_mini_patch4_32.img16.nocls.reg2');
    const twin = net.twin();
    made.push(twin);
    expect([twin.name, gap(twin(pictures()), net(pictures()))]).toEqual([net.name, 0]);
  });

  it('a twin leaves nothing out', () => {
    const net = small({ dropPath: 0.9 });
    const twin = net.twin();
    made.push(twin);
    const training = (network: typeof net): Tensor =>
      inContext({ training: true, rng: rngFromKey(stepKey(0, 0)) }, () => network(pictures()));
    expect(gap(training(twin), net(pictures()))).toBeLessThan(1e-6);
    expect(gap(training(net), net(pictures()))).toBeGreaterThan(0.01);
  });

  it.each<[VitOptions, RegExp]>([
    [{ patchSize: 5 }, /patchSize must divide imgSize; got patches of 5 and pictures of 16/],
    [{ pool: 'max' as 'avg' }, /pool must be token or avg; got 'max'/],
    [{ pool: 'token', classToken: false }, /pool 'token' needs the class token/],
    [{ fcNorm: true }, /fcNorm is for pool 'avg'/],
    [{ registers: -1 }, /registers must be a whole number; got -1/],
    [{ dropPath: 1 }, /dropPath must be in \[0, 1\); got 1/],
    [{ imgSize: 0 }, /imgSize must be a whole number of at least 1; got 0/],
  ])('%o are refused', (options, message) => {
    expect(() => visionTransformer('small', SHAPE, options)).toThrow(message);
  });
});
