import { ShapeError } from '../errors.ts';
import { kernel } from '../tensor/fused.ts';
import { customGrad, nativeOp } from '../tensor/native.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { batchProduct } from './products.ts';

const FLOAT = { T: { dtype: 'float32' } } as const;

/**
 * Multi-head self-attention between its projections (arXiv:1706.03762 §3.2): softmax(q·kᵀ/√d)·v for each of h heads of width d = D/h.
 * @param qkv `[B, T, 3D]`: queries, keys and values of all heads side by side, as timm's `attn.qkv` gives them
 * @returns `[B, T, D]`
 */
export function selfAttention(qkv: Tensor, heads: number): Tensor {
  const layout = layoutOf(qkv, heads);
  return customGrad([qkv], input => {
    const parts = intoHeads(input!, layout); // [3, B, h, T, d]
    const [q, k, v] = unstack(parts);
    const weights = attentionWeights(q!, k!, layout.scale);
    const value = fromHeads(batchProduct(weights, v!), layout);
    return {
      value,
      saved: [parts, weights, value],
      gradient: (dy, [saved, p, out]) => [() => gradientOf(dy, saved!, p!, out!, layout)],
    };
  });
}

/**
 * The weights with which tokens look at each other, without a gradient.
 * @param qkv `[B, T, 3D]`
 * @param query one token's row only: 0 for a class token
 * @returns `[B, h, T, T]`, or `[B, h, T]` of one token; each row sums to 1: what the query's token takes from all tokens
 */
export function attentionMaps(qkv: Tensor, heads: number, query?: number): Tensor {
  const layout = layoutOf(qkv, heads);
  const { B, T, d, scale } = layout;
  const [q, k] = unstack(intoHeads(qkv, layout));
  if (query === undefined) return attentionWeights(q!, k!, scale);
  if (!(Number.isInteger(query) && query >= 0 && query < T)) {
    throw new ShapeError(`attentionMaps: query must be the number of one of ${T} tokens, from 0; got ${query}`);
  }
  const one = q!.slice([0, 0, query, 0], [B, heads, 1, d]);
  return attentionWeights(one, k!, scale).reshape([B, heads, T]);
}

interface Layout {
  readonly B: number;
  readonly T: number;
  readonly D: number;
  readonly heads: number;
  /** Width of a head. */
  readonly d: number;
  readonly scale: number;
}

function layoutOf({ shape, rank }: Tensor, heads: number): Layout {
  const [B, T, width] = shape as [number, number, number];
  const D = width / 3;
  if (rank !== 3 || !Number.isInteger(D / heads)) {
    throw new ShapeError(`selfAttention: takes qkv [B, T, 3D] with D a multiple of ${heads} heads; got [${shape}]`);
  }
  return { B, T, D, heads, d: D / heads, scale: 1 / Math.sqrt(D / heads) };
}

function intoHeads(qkv: Tensor, { B, T, heads, d }: Layout): Tensor {
  return tf.transpose(qkv.reshape([B, T, 3, heads, d]), [2, 0, 3, 1, 4]);
}

function fromHeads(x: Tensor, { B, T, D }: Layout): Tensor {
  return tf.transpose(x, [0, 2, 1, 3]).reshape([B, T, D]);
}

/** `[3, B, h, T, d]` → three times `[B, h, T, d]` */
function unstack(parts: Tensor): Tensor[] {
  return tf.unstack(parts, 0);
}

/** `[B, h, T, T]` */
function attentionWeights(q: Tensor, k: Tensor, scale: number): Tensor {
  return nativeOp('Softmax', [batchProduct(q.mul(scale), k, false, true)], FLOAT);
}

/** Of the scores before they were scaled: weights ∘ (d − Σ d ∘ weights), where the sum is also that of `dy ∘ out` over a head. */
const scoreGradient = kernel('softmax_gradient', (weights, d, sums, scale) => [
  weights!.mul(d!.sub(sums!)).mul(scale!),
]);

function gradientOf(dy: Tensor, parts: Tensor, weights: Tensor, out: Tensor, layout: Layout): Tensor {
  const { B, T, D, heads, d, scale } = layout;
  const [q, k, v] = unstack(parts);
  const split = (x: Tensor): Tensor => tf.transpose(x.reshape([B, T, heads, d]), [0, 2, 1, 3]);
  const sums = split(dy.mul(out)).sum(-1, true); // [B, h, T, 1]
  const dOut = split(dy);
  const dScores = scoreGradient([weights, batchProduct(dOut, v!, false, true), sums, tf.scalar(scale)])[0]!;
  const gradients = [batchProduct(dScores, k!), batchProduct(dScores, q!, true), batchProduct(weights, dOut, true)];
  return tf.transpose(tf.stack(gradients), [1, 3, 0, 2, 4]).reshape([B, T, 3 * D]);
}
