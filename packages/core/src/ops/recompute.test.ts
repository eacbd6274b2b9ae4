import { afterEach, describe, expect, test, vi } from 'vitest';
import { NORM_RELU, normReluAvailable } from '../engine/norm-relu.ts';
import { Trace } from '../engine/trace.ts';
import { compile } from '../tensor/compile.ts';
import { valueAndGradients } from '../tensor/gradients.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import type { Tensor } from '../tensor/tf.ts';
import { liveTensors, Variable } from '../tensor/variable.ts';
import { relu } from './activation.ts';
import { conv2d } from './conv.ts';
import { batchNormTraining } from './norm.ts';
import { maxPool } from './pool.ts';

const rng = rngFromSeed(11);
const norm = (x: Tensor, gamma: Tensor, beta: Tensor, rectify = false): Tensor => {
  const { value, mean, variance } = batchNormTraining(x, gamma, beta, { epsilon: 1e-5, relu: rectify });
  mean.dispose();
  variance.dispose();
  return value;
};
const [C, D] = [16, 8];

/** Two layers, the first of `[4, S, S, C]`, and the gradients with respect to all of their variables. */
function layers(S: number, together: boolean): { variables: Variable[]; run: () => Tensor[] } {
  const x = normal(rng, [4, S, S, 3]);
  const shapes = [[3, 3, 3, C], [C], [C], [3, 3, C, D], [D], [D]];
  const variables = shapes.map(shape => new Variable(normal(rng, shape)));
  const weights = normal(rng, [4, S / 2, S / 2, D]);
  const loss = (): Tensor => {
    const [w1, g1, b1, w2, g2, b2] = variables.map(variable => variable.read()) as [Tensor, ...Tensor[]] & Tensor[];
    const convolved = conv2d(x, w1, { padding: 1 });
    const hidden = together ? norm(convolved, g1!, b1!, true) : relu(norm(convolved, g1!, b1!));
    const pooled = maxPool(norm(conv2d(hidden, w2!, { padding: 1 }), g2!, b2!), { size: 3, stride: 2, padding: 1 });
    return relu(pooled).mul(weights).mean();
  };
  return { variables, run: () => valueAndGradients(loss, variables).gradients };
}

afterEach(() => void vi.restoreAllMocks());

const madeAgain = (calls: readonly (readonly unknown[])[]): number =>
  calls.filter(([graph]) => (graph as { name: string }).name.startsWith('batch_norm_again')).length;

describe('what batch norm and ReLU make, in a compiled function', () => {
  // 4 · 96² · 16 values are enough; a pool needs none of the second layer's again
  test.each([
    ['large enough: made again in the backward pass', 96, false, 1],
    ['large enough, both in one op', 96, true, 1],
    ['small: kept', 32, true, 0],
  ])('%s, with the same gradients', async (_, size, together, times) => {
    const { variables, run } = layers(size, together);
    const eager = run();
    expect(normReluAvailable()).toBe(true); // else the library's two ops run, below as above
    const called = vi.spyOn(Trace.prototype, 'call');
    const recorded = vi.spyOn(Trace.prototype, 'record');
    const before = liveTensors();
    const step = compile(run);
    const [first, second] = [await step(), await step()];
    expect(madeAgain(called.mock.calls)).toBe(times);
    expect(recorded.mock.calls.filter(([name]) => name === NORM_RELU)).toHaveLength(together && times > 0 ? 1 : 0);
    for (const [i, expected] of eager.entries()) {
      const [a, b] = [expected.dataSync(), first[i]!.dataSync()];
      const largest = Math.max(...a.map(Math.abs));
      expect(Math.max(...a.map((value, j) => Math.abs(value - b[j]!))) / largest, variables[i]!.name).toBeLessThan(
        2e-5,
      );
      expect([...second[i]!.dataSync()]).toEqual([...b]); // bit for bit
    }
    for (const tensor of [...first, ...second]) tensor.dispose();
    step.dispose();
    expect(liveTensors()).toBe(before);
  });

  test.each([6, 3, 1])('of %i channels, which the one op does not take, is the same in two', async channels => {
    const x = normal(rng, [4, 256, 256, channels]);
    const [gamma, beta] = [normal(rng, [channels]), normal(rng, [channels])];
    const step = compile((given: Tensor) => norm(given, gamma, beta, true));
    const [a, b] = [(await step(x)).dataSync(), relu(norm(x, gamma, beta)).dataSync()];
    for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i]!, 5);
    step.dispose();
  });
});
