/** For tests: one function run eagerly and compiled, with its gradients. */
import { expect } from 'vitest';
import { compile } from './compile.ts';
import { valueAndGradients } from './gradients.ts';
import { idOf } from './native.ts';
import { normal, rngFromSeed } from './rng.ts';
import { type Tensor, tf } from './tf.ts';
import { liveTensors, Variable } from './variable.ts';

export type Case = {
  /** Shapes of float inputs, drawn from [0.1, 0.9); or tensors. */
  readonly inputs: readonly (readonly number[] | Tensor)[];
  readonly run: (...inputs: Tensor[]) => Tensor | Tensor[];
  /** False for ops that tfjs knows no gradient of. */
  readonly gradient?: boolean;
};

/** Expects the same results and gradients eagerly and compiled, and no native tensor left behind. */
export async function expectBothWays({ inputs: given, run, gradient = true }: Case): Promise<void> {
  const inputs = given.map((input, i) => (input instanceof tf.Tensor ? input : drawn(input as number[], i)));
  for (const input of inputs) idOf(input);
  const before = liveTensors();
  const body = (...args: Tensor[]): Tensor[] => [run(...args)].flat().map(result => result.clone());
  await expectSame(body, inputs, inputs);
  const variables = inputs.map(input => (input.dtype === 'float32' ? new Variable(input) : undefined));
  const trained = variables.filter(variable => variable !== undefined);
  if (gradient) {
    const gradients = (): Tensor[] =>
      valueAndGradients(() => weighed(body(...inputs.map((input, i) => variables[i]?.read() ?? input))), trained)
        .gradients;
    await expectSame(gradients, [], trained);
  }
  for (const variable of trained) variable.dispose();
  expect(liveTensors()).toBe(before);
}

async function expectSame(
  body: (...args: Tensor[]) => Tensor[],
  args: Tensor[],
  shapes: readonly { shape: readonly number[] }[],
): Promise<void> {
  const eager = tf.tidy(() => body(...args));
  const compiled = compile(body as (...args: readonly Tensor[]) => Tensor[], 'both');
  const traced = await compiled(...args);
  for (const [i, expected] of eager.entries()) {
    expect(traced[i]!.shape).toEqual(expected.shape);
    expect(traced[i]!.dtype).toBe(expected.dtype);
    if (args.length === 0) expect(expected.shape).toEqual(shapes[i]!.shape); // gradients
    const [a, b] = [expected.dataSync(), traced[i]!.dataSync()];
    for (const [j, value] of a.entries())
      expect(Math.abs(b[j]! - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
  }
  tf.dispose([eager, traced]);
  compiled.dispose();
}

/** A scalar in which every element counts differently. */
function weighed(results: Tensor[]): Tensor {
  const parts = results
    .filter(({ dtype }) => dtype === 'float32')
    .map((result, i) => result.mul(normal(rngFromSeed(i + 10), result.shape)).sum());
  return tf.addN(parts);
}

function drawn(shape: number[], seed: number): Tensor {
  return tf.randomUniform(shape, 0.1, 0.9, 'float32', seed + 1);
}

/** The gradient of `fn` by central differences, for a scalar `fn` of one float tensor. */
export function differences(fn: (x: Tensor) => Tensor, x: Tensor, step = 1e-2): number[] {
  const values = [...x.dataSync()];
  const at = (i: number, by: number): number =>
    tf.tidy(
      () =>
        fn(
          tf.tensor(
            values.map((value, j) => (i === j ? value + by : value)),
            x.shape,
          ),
        ).dataSync()[0]!,
    );
  return values.map((_, i) => (at(i, step) - at(i, -step)) / (2 * step));
}
