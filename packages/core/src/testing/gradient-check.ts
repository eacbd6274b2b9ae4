import { type Tensor, tf } from '../tensor/tf.ts';

export interface GradientCheckOptions {
  /** Step of the central difference. Default 1e-2: in float32 smaller steps drown in rounding. */
  readonly step?: number;
  /** Values of each input that are tried; all when there are fewer. Default 40. */
  readonly samples?: number;
}

/**
 * Compares the gradient of `fn` with central differences, at values of every input spread evenly over it.
 * @param fn from the inputs to a tensor of any shape; it is weighted with fixed numbers and summed
 * @returns the largest |analytic − numeric| over the largest |numeric| of that input, over all inputs; under 1e-2 for a
 * right gradient of a smooth function
 */
export function gradientError(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  { step = 1e-2, samples = 40 }: GradientCheckOptions = {},
): number {
  return tf.tidy(() => {
    const weights = tf.tidy(() => {
      const { shape, size } = fn(...inputs);
      return tf.tensor(
        Float32Array.from({ length: size }, (_, i) => Math.sin(1 + 3 * i)),
        shape,
      );
    });
    const scalar = (...args: Tensor[]): Tensor =>
      fn(...args)
        .mul(weights)
        .sum();
    const analytic = tf.grads(scalar as never)([...inputs]) as Tensor[];
    return Math.max(
      ...inputs.map((input, k) => {
        const values = input.dataSync() as Float32Array;
        const gradient = analytic[k]!.dataSync();
        const places = spread(values.length, samples);
        const numeric = places.map(i => {
          const at = (offset: number): number =>
            tf.tidy(() => scalar(...inputs.with(k, moved(input, values, i, offset))).dataSync()[0]!);
          return (at(step) - at(-step)) / (2 * step);
        });
        const scale = Math.max(...numeric.map(Math.abs), 1e-6);
        return Math.max(...places.map((i, j) => Math.abs(gradient[i]! - numeric[j]!))) / scale;
      }),
    );
  });
}

function moved(input: Tensor, values: Float32Array, i: number, offset: number): Tensor {
  const copy = Float32Array.from(values);
  copy[i] = copy[i]! + offset;
  return tf.tensor(copy, input.shape);
}

function spread(length: number, samples: number): number[] {
  const count = Math.min(length, samples);
  return Array.from({ length: count }, (_, i) => Math.floor((i * length) / count));
}
