/**
 * Random numbers that depend on nothing but a key: the same on every device, in eager and compiled code, before and
 * after a resume. (tfjs's own are drawn in JavaScript and would be baked into a graph as constants.)
 */
import { nativeOp } from './native.ts';
import { type Tensor, tf } from './tf.ts';

export interface Rng {
  /** The seed of the next draw, int32 `[2]`; each call gives another. */
  next(): Tensor;
}

/** Draws that follow from a whole number, for initial weights and for tests. */
export function rngFromSeed(seed: number): Rng {
  let draws = 0;
  return { next: () => tf.tensor1d([seed | 0, draws++], 'int32') };
}

/** Draws that follow from a key, int32 `[2]`: inside a compiled step the key is an argument. */
export function rngFromKey(key: Tensor): Rng {
  let draws = 0;
  return { next: () => tf.add(key, tf.tensor1d([0, draws++], 'int32')) };
}

/** The key of one training step: a mix of the run's seed and the step's number. No step meets `rngFromSeed(seed)`'s draws. */
export function stepKey(seed: number, step: number): Tensor {
  const n = step + 1;
  // A step may make up to 2^16 draws before its keys meet those of the next step.
  return tf.tensor1d([(seed ^ Math.imul(n >>> 16, 0x9e3779b1)) | 0, (n & 0xffff) << 16], 'int32');
}

function draw(op: string, rng: Rng, shape: readonly number[]): Tensor {
  const types = { dtype: { dtype: 'float32' }, T: { dtype: 'int32' }, Tseed: { dtype: 'int32' } } as const;
  return tf.tidy(() => nativeOp(op, [tf.tensor1d([...shape], 'int32'), rng.next()], types));
}

/** Uniform in `[low, high)`. */
export function uniform(rng: Rng, shape: readonly number[], low = 0, high = 1): Tensor {
  return tf.tidy(() => {
    const unit = draw('StatelessRandomUniform', rng, shape);
    return low === 0 && high === 1 ? unit : unit.mul(high - low).add(low);
  });
}

/** Normal with the given mean and standard deviation. */
export function normal(rng: Rng, shape: readonly number[], mean = 0, std = 1): Tensor {
  return tf.tidy(() => draw('StatelessRandomNormal', rng, shape).mul(std).add(mean));
}

/** Normal, redrawn beyond two standard deviations (as in the library's op, whose result is not rescaled). */
export function truncatedNormal(rng: Rng, shape: readonly number[], std = 1): Tensor {
  return tf.tidy(() => draw('StatelessTruncatedNormal', rng, shape).mul(std));
}

/** 1 with probability `p`, else 0. */
export function bernoulli(rng: Rng, shape: readonly number[], p: number): Tensor {
  return tf.tidy(() => tf.cast(draw('StatelessRandomUniform', rng, shape).less(p), 'float32'));
}
