import { relu } from '../ops/activation.ts';
import type { Rng } from '../tensor/rng.ts';
import { batchNorm, linear } from './layers.ts';
import { type Module, sequential } from './module.ts';

export interface MlpOptions {
  readonly rng: Rng;
  /** Batch norm after every hidden layer. Default true. */
  readonly norm?: boolean;
  /** Also after the last layer: `affine` with scale and offset, `plain` without. Default none. */
  readonly lastNorm?: 'affine' | 'plain';
  /** Bias in the last layer. Default true; layers before a norm never have one. */
  readonly lastBias?: boolean;
}

/**
 * Linear layers with ReLU between them: a projection or prediction head.
 * @param widths `[D, …hidden, P]`, at least two
 * @returns `[N, D]` → `[N, P]`
 */
export function mlp(widths: readonly number[], { rng, norm = true, lastNorm, lastBias = true }: MlpOptions): Module {
  const last = widths.length - 2;
  const parts = widths.slice(1).flatMap((width, i) => {
    const inputs = widths[i]!;
    if (i < last) return [linear(inputs, width, { rng, bias: !norm }), ...(norm ? [batchNorm(width)] : []), relu];
    const output = linear(inputs, width, { rng, bias: lastBias && lastNorm === undefined });
    return lastNorm === undefined ? [output] : [output, batchNorm(width, { affine: lastNorm === 'affine' })];
  });
  return sequential(...parts);
}
