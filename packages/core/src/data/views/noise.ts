/** Noise for whole views. What is drawn for a picture is only a seed, so that parameters stay small and can be applied again. */
import { normal, type Rng, rngFromKey, uniform } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';

/** Numbers that a seed takes of those drawn for a picture. */
export const SEED_DRAWS = 2;

/** Uniform `[B, 2]` in `[0, 1)` to seeds: whole numbers that float32 and int32 hold exactly. */
export function seeds(u: Tensor): Tensor {
  return tf.floor(u.mul(2 ** 23));
}

/** One stream of random numbers for the batch, from the seeds of all its pictures. */
function streamOf(seed: Tensor): Rng {
  return rngFromKey(tf.sum(tf.cast(seed, 'int32'), 0));
}

/** Normal noise with a standard deviation of 1, of the shape of `pixels`. */
export function normalNoise(seed: Tensor, pixels: Tensor): Tensor {
  return normal(streamOf(seed), pixels.shape);
}

/** Noise from 0 to 1, all values equally likely, of the shape of `pixels`. */
export function uniformNoise(seed: Tensor, pixels: Tensor): Tensor {
  return uniform(streamOf(seed), pixels.shape);
}
