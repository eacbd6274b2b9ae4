/** Initial weights, drawn on the engine from an explicit source of random numbers. */
import { normal, type Rng, uniform } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

/** He et al. 2015 (arXiv:1502.01852 eq. 14) for a filter `[kh, kw, in, out]`: std √(2 / (kh·kw·out)), as in torchvision's ResNet. */
export function kaimingNormal(rng: Rng, shape: readonly [number, number, number, number]): Tensor {
  const [kh, kw, , out] = shape;
  return normal(rng, shape, 0, Math.sqrt(2 / (kh * kw * out)));
}

/** PyTorch's default for linear layers, `[in, out]` and their bias: uniform in ±1/√in. */
export function linearUniform(rng: Rng, shape: readonly number[], inputs: number): Tensor {
  const bound = 1 / Math.sqrt(inputs);
  return uniform(rng, shape, -bound, bound);
}

export const zeros = (shape: readonly number[]): Tensor => tf.zeros([...shape]);
export const ones = (shape: readonly number[]): Tensor => tf.ones([...shape]);

/** As in timm's and DINO's transformers. (Their truncation is at ±2, a hundred standard deviations away: none.) */
export const smallNormal = (rng: Rng, shape: readonly number[], std = 0.02): Tensor => normal(rng, shape, 0, std);

/** Glorot and Bengio 2010: uniform in ±√(6 / (inputs + outputs)), as MAE starts its linear layers. */
export function xavierUniform(rng: Rng, shape: readonly [inputs: number, outputs: number]): Tensor {
  const bound = Math.sqrt(6 / (shape[0] + shape[1]));
  return uniform(rng, shape, -bound, bound);
}
