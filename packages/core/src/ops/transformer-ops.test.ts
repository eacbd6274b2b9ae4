import { describe, expect, it } from 'vitest';
import { expectBothWays } from '../tensor/both-ways.ts';
import { compile } from '../tensor/compile.ts';
import { isRecomputable, withRecomputation } from '../tensor/recompute.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { gradientError } from '../testing/gradient-check.ts';
import { attentionMaps, selfAttention } from './attention.ts';
import { addBranch } from './branch.ts';
import { gatherRows, gatherTokens } from './gather.ts';
import { gelu } from './gelu.ts';
import { layerNorm } from './layer-norm.ts';
import { reshape } from './reshape.ts';

const draw = (...shape: number[]): Tensor => normal(rngFromSeed(shape.length), shape);
const ids = (values: number[][]): Tensor => tf.tensor2d(values, undefined, 'int32');

describe('gelu', () => {
  it('has the values of the normal distribution function', () => {
    const values = gelu(tf.tensor1d([-1, 0, 1, 3])).dataSync();
    for (const [i, expected] of [-0.15865525, 0, 0.84134475, 2.9959502].entries()) {
      expect(values[i]).toBeCloseTo(expected, 6);
    }
  });
  it('has the gradient that finite differences have', () => {
    expect(gradientError(x => gelu(x), [draw(4, 5)])).toBeLessThan(5e-3);
  });
  it('is the same eagerly and compiled', () => expectBothWays({ inputs: [[3, 4]], run: x => gelu(x) }));

  it('takes a bias in the same pass', async () => {
    const [x, bias] = [draw(4, 5), draw(5)];
    expect([...gelu(x, bias).dataSync()]).toEqual([...gelu(x.add(bias)).dataSync()]);
    expect(gradientError((a, b) => gelu(a, b), [x, bias])).toBeLessThan(5e-3);
    await expectBothWays({ inputs: [[3, 4], [4]], run: (a, b) => gelu(a, b) });
  });
});

describe('addBranch', () => {
  const [x, branch, bias, scale] = [
    draw(3, 2, 4),
    normal(rngFromSeed(8), [6, 4]),
    draw(4),
    draw(1).reshape([1]).tile([4]),
  ];
  const kept = tf.tensor3d([0, 2, 1], [3, 1, 1]);
  it('is x + (branch + bias) · scale · kept', () => {
    const expected = x.add(branch.add(bias).reshape([3, 2, 4]).mul(scale).mul(kept));
    expect(tf.max(tf.abs(addBranch(x, branch, bias, { scale, kept }).sub(expected))).dataSync()[0]).toBeLessThan(1e-6);
    expect([...addBranch(x, branch, bias).dataSync()]).toEqual([
      ...x.add(branch.add(bias).reshape([3, 2, 4])).dataSync(),
    ]);
  });
  it.each<[string, (...inputs: Tensor[]) => Tensor]>([
    ['alone', (a, b, c) => addBranch(a, b, c)],
    ['for some images', (a, b, c) => addBranch(a, b, c, { kept })],
    ['scaled', (a, b, c, d) => addBranch(a, b, c, { scale: d ?? scale })],
    ['scaled, for some images', (a, b, c, d) => addBranch(a, b, c, { scale: d ?? scale, kept })],
  ])('%s: has the gradients that finite differences have, eagerly and compiled', async (name, run) => {
    const inputs = [x, branch, bias, ...(name.startsWith('scaled') ? [scale] : [])];
    expect(gradientError(run, inputs)).toBeLessThan(5e-3);
    await expectBothWays({ inputs: inputs.map(({ shape }) => shape), run });
  });
  it('refuses what does not fit', () => {
    expect(() => addBranch(x, draw(5, 4), bias)).toThrow(/addBranch: .*got \[3,2,4\], \[5,4\], \[4\]/);
  });
});

describe('layerNorm', () => {
  const run = (x: Tensor, scale: Tensor, offset: Tensor): Tensor => layerNorm(x, scale, offset, 1e-6);
  it('gives rows of mean 0 and variance 1', () => {
    const y = run(draw(2, 3, 8).mul(5).add(3), tf.ones([8]), tf.zeros([8]));
    const { mean, variance } = tf.moments(y, -1);
    for (const value of mean.dataSync()) expect(value).toBeCloseTo(0, 5);
    for (const value of variance.dataSync()) expect(value).toBeCloseTo(1, 4);
  });
  it('has the gradients that finite differences have', () => {
    expect(gradientError(run, [draw(2, 3, 6), draw(6), draw(6)])).toBeLessThan(5e-3);
  });
  it('is the same eagerly and compiled', () => expectBothWays({ inputs: [[3, 4], [4], [4]], run }));
  it('refuses scales of another width', () => {
    expect(() => run(draw(2, 4), draw(3), draw(4))).toThrow(/layerNorm: takes x .* got \[2,4\], \[3\], \[4\]/);
  });
});

describe('selfAttention', () => {
  const heads = (x: Tensor): Tensor => selfAttention(x, 2);
  it('is softmax(q·kᵀ/√d)·v in each head', () => {
    const [B, T, d] = [2, 5, 3];
    const qkv = draw(B, T, 3 * 2 * d);
    const part = (which: number, head: number): Tensor => qkv.slice([0, 0, (which * 2 + head) * d], [B, T, d]);
    const expected = tf.concat(
      [0, 1].map(head => {
        const scores = tf.matMul(part(0, head), part(1, head), false, true).div(Math.sqrt(d));
        return tf.matMul(tf.softmax(scores), part(2, head));
      }),
      2,
    );
    expect(tf.max(tf.abs(heads(qkv).sub(expected))).dataSync()[0]).toBeLessThan(1e-6);
    for (const sum of attentionMaps(qkv, 2).sum(-1).dataSync()) expect(sum).toBeCloseTo(1, 5);
  });
  it('has the gradient that finite differences have', () => {
    expect(gradientError(heads, [draw(2, 4, 12)])).toBeLessThan(5e-3);
  });
  it('is the same eagerly and compiled', () => expectBothWays({ inputs: [[2, 3, 12]], run: heads }));
  it('refuses widths that heads do not divide', () => {
    expect(() => selfAttention(draw(1, 2, 9), 2)).toThrow(/multiple of 2 heads; got \[1,2,9\]/);
  });
});

describe('gatherTokens', () => {
  const keep = ids([
    [2, 0],
    [1, 1],
  ]);
  it('gives tokens in the order asked for', () => {
    const x = tf.tensor3d([0, 1, 2, 10, 11, 12], [2, 3, 1]);
    expect([...gatherTokens(x, keep).dataSync()]).toEqual([2, 0, 11, 11]);
  });
  it('has the gradient that finite differences have, for a token taken twice too', () => {
    expect(gradientError(x => gatherTokens(x, keep), [draw(2, 3, 4)])).toBeLessThan(5e-3);
  });
  it('is the same eagerly and compiled', () =>
    expectBothWays({ inputs: [[2, 3, 4], keep], run: (x, at) => gatherTokens(x, at) }));
  it('refuses what it cannot take', () => {
    expect(() => gatherTokens(draw(3, 3, 4), keep)).toThrow(/gatherTokens: .*got \[3,3,4\] and int32 \[2,2\]/);
    expect(() => gatherTokens(draw(2, 3, 4), tf.zeros([2, 0], 'int32'))).toThrow(/at least one an image/);
    expect(() => gatherTokens(draw(2, 3, 4), tf.zeros([2, 1]))).toThrow(/got \[2,3,4\] and float32/);
    expect(() => gatherRows(draw(2, 3, 4), keep)).toThrow(/gatherRows: takes x \[N, D\]/);
  });
});

describe('in a compiled step', () => {
  it('layer norm and GELU are made again for what follows, in another shape too', async () => {
    const again: boolean[] = [];
    const run = compile((x: Tensor, scale: Tensor) =>
      withRecomputation(() => {
        const normed = layerNorm(x, scale, scale, 1e-6);
        const active = gelu(x);
        again.push(...[normed, active, reshape(active, [64 * 65, 64]), x].map(isRecomputable));
        return normed.add(active);
      }),
    );
    (await run(draw(64, 65, 64), draw(64))).dispose();
    run.dispose();
    expect(again).toEqual([true, true, true, false]);
  });
});
